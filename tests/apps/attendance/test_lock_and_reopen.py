"""A locked roll says why; who may re-open it gives a reason, and it locks itself again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.access.errors import PermissionMissing
from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.errors import (
    AlreadyLocked,
    AttendanceDayLocked,
    EditWindowOver,
    NotLocked,
    ReopeningTooLong,
    RollChangedMeanwhile,
)
from apps.attendance.models import AttendanceSession
from apps.attendance.selectors import roll
from schoolops import clock
from schoolops.audit.models import AuditEntry
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, students_in
from tests.factories.rolls import key_of, take
from tests.support.kept import kept

HOUR = dt.timedelta(hours=1)
LONG_AGO = SCHOOL_DAY - dt.timedelta(days=14)


@pytest.fixture
@kept
def sheet(campus: Campus, alice: User) -> AttendanceSession:
    return take(campus.section, by=alice)


def test_a_locked_roll_refuses_and_says_why(campus: Campus, alice: User, sheet: AttendanceSession) -> None:
    services.lock_roll(roll=sheet.sourced_id, reason="The inspectors have their copy", by=alice)
    with pytest.raises(AttendanceDayLocked, match="The inspectors have their copy"):
        take(campus.section, by=alice, version=1)
    seen = roll(key_of(campus.section), by=alice)
    assert (seen["state"], seen["locked_reason"]) == ("locked", "The inspectors have their copy")
    with pytest.raises(AlreadyLocked):
        services.lock_roll(roll=sheet.sourced_id, reason="again", by=alice)


def test_reopened_it_takes_corrections_until_the_time_is_over(
    campus: Campus, alice: User, sheet: AttendanceSession
) -> None:
    first, *_ = students_in(campus.section)
    services.lock_roll(roll=sheet.sourced_id, reason="done", by=alice)
    services.reopen_roll(roll=sheet.sourced_id, reason="Wrong Amina", lasting=HOUR, by=alice)
    take(campus.section, {first: "A"}, by=alice, version=1)
    take(campus.section, by=alice, version=2)
    with clock.frozen(SCHOOL_MOMENT + HOUR), pytest.raises(AttendanceDayLocked, match="re-opened is over"):
        take(campus.section, by=alice, version=3)


def test_both_are_in_the_trail_with_their_reasons(alice: User, sheet: AttendanceSession) -> None:
    services.lock_roll(roll=sheet.sourced_id, reason="done", by=alice)
    services.reopen_roll(roll=sheet.sourced_id, reason="Wrong Amina", lasting=HOUR, by=alice)
    told = AuditEntry.objects.filter(object_id=str(sheet.sourced_id)).order_by("id").values_list("action", "reason")
    assert list(told) == [
        ("attendance.marked", ""),
        ("attendance.locked", "done"),
        ("attendance.reopened", "Wrong Amina"),
    ]


def test_a_roll_locks_by_itself_after_its_window_and_can_be_reopened(campus: Campus, alice: User) -> None:
    with clock.frozen(SCHOOL_MOMENT - dt.timedelta(days=14)):
        old = take(campus.section, by=alice, day=LONG_AGO)
    with pytest.raises(EditWindowOver):
        take(campus.section, by=alice, day=LONG_AGO, version=1)
    assert roll(key_of(campus.section, LONG_AGO), by=alice)["state"] == "locked"
    services.reopen_roll(roll=old.sourced_id, reason="A late note", lasting=HOUR, by=alice)
    assert take(campus.section, by=alice, day=LONG_AGO, version=1).version == 2
    with clock.frozen(SCHOOL_MOMENT + HOUR), pytest.raises(AttendanceDayLocked):
        take(campus.section, by=alice, day=LONG_AGO, version=2)


def test_a_roll_nobody_took_in_time_can_be_opened(campus: Campus, alice: User) -> None:
    with pytest.raises(EditWindowOver):
        take(campus.section, by=alice, day=LONG_AGO)
    services.reopen_day(session=key_of(campus.section, LONG_AGO), reason="Forgotten", lasting=HOUR, by=alice)
    seen = roll(key_of(campus.section, LONG_AGO), by=alice)
    assert (seen["state"], seen["version"], {each["code"] for each in seen["records"]}) == ("reopened", 0, {"P"})
    assert take(campus.section, by=alice, day=LONG_AGO).version == 1
    with pytest.raises(RollChangedMeanwhile):
        take(campus.section, by=alice, day=LONG_AGO)


def test_an_open_roll_is_not_reopened(alice: User, sheet: AttendanceSession) -> None:
    with pytest.raises(NotLocked):
        services.reopen_roll(roll=sheet.sourced_id, reason="why not", lasting=HOUR, by=alice)


@pytest.mark.parametrize("lasting", [dt.timedelta(0), dt.timedelta(hours=73)])
def test_it_is_reopened_for_three_days_at_most(alice: User, sheet: AttendanceSession, lasting: dt.timedelta) -> None:
    services.lock_roll(roll=sheet.sourced_id, reason="done", by=alice)
    with pytest.raises(ReopeningTooLong, match="72 hours"):
        services.reopen_roll(roll=sheet.sourced_id, reason="long", lasting=lasting, by=alice)


def test_a_registrar_neither_locks_nor_reopens(dave: User, sheet: AttendanceSession) -> None:
    with pytest.raises(PermissionMissing, match=r"attendance\.lock"):
        services.lock_roll(roll=sheet.sourced_id, reason="mine", by=dave)


def test_over_http(api: Callable[[User], Any], campus: Campus, alice: User, sheet: AttendanceSession) -> None:
    app = api(alice)
    assert app.post(f"rolls/{sheet.sourced_id}/lock", {}).json()["errors"][0]["field"] == "reason"
    locked = app.post(f"rolls/{sheet.sourced_id}/lock", {"reason": "done"})
    assert (locked.status_code, locked.json()["state"]) == (200, "locked")
    opened = app.post(f"rolls/{sheet.sourced_id}/reopen", {"reason": "Wrong Amina", "hours": 2})
    assert (opened.json()["state"], opened.json()["reopened_until"]) == ("reopened", "2026-11-04T12:00:00+00:00")
    past = f"sections/{campus.section.sourced_id}/roll/{LONG_AGO}"
    assert app.post(f"{past}/reopen", {"reason": "Forgotten"}).json()["state"] == "reopened"
    refused = app.post(f"{past}/reopen", {"reason": "Forgotten"})
    assert (refused.status_code, refused.json()["code"]) == (409, "attendance:not-locked")
