"""A school makes codes of its own; one that records name keeps its meaning for ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.errors import CodeInUse, CodeTaken, DefaultCodeNeeded, MarksRefused, PolicyRefused
from apps.attendance.models import AttendanceCode
from apps.attendance.selectors import policies, roll
from tests.factories.people import SCHOOL_DAY, Campus, students_in
from tests.factories.rolls import key_of, take

Api = Callable[[User], Any]


def code(letter: str) -> AttendanceCode:
    found: AttendanceCode = AttendanceCode.objects.get(code=letter)
    return found


def change(letter: str, by: User, **values: Any) -> AttendanceCode:
    return services.change_code(code=code(letter).sourced_id, values=values, expected_version=None, by=by)


def test_a_school_begins_with_codes_and_one_default(campus: Campus) -> None:
    known = AttendanceCode.objects.values_list("code", "state", "teacher_selectable")
    assert list(known) == [
        ("P", "present", True),
        ("A", "absent", True),
        ("L", "present", True),
        ("E", "absent", True),
        ("H", "half", True),
        ("S", "absent", False),
        ("T", "present", False),
        ("D", "present", False),
    ]
    assert AttendanceCode.objects.get(default=True).code == "P"


def test_seeding_again_keeps_what_the_school_made_of_them(campus: Campus, alice: User) -> None:
    change("A", alice, name="Not here")
    services.seed_codes()
    assert (code("A").name, AttendanceCode.objects.count()) == ("Not here", 8)


def test_a_new_default_takes_the_place_of_the_old(campus: Campus, alice: User) -> None:
    services.add_code(
        values={"code": "/", "name": "Here", "direction": "in", "state": "present", "default": True}, by=alice
    )
    assert [each.code for each in AttendanceCode.objects.filter(default=True)] == ["/"]
    assert {each["code"] for each in roll(key_of(campus.section), by=alice)["records"]} == {"/"}


def test_a_letter_is_used_once(campus: Campus, alice: User) -> None:
    with pytest.raises(CodeTaken, match="code P"):
        services.add_code(values={"code": "P", "name": "x", "direction": "in", "state": "present"}, by=alice)


@pytest.mark.parametrize("meaning", [{"state": "half"}, {"excused": True}, {"late": True}, {"code": "Z"}])
def test_a_code_in_use_keeps_what_it_counts_as(campus: Campus, alice: User, meaning: dict[str, Any]) -> None:
    change("A", alice, **meaning)
    change("A" if "code" not in meaning else "Z", alice, state="absent", excused=False, late=False, code="A")
    take(campus.section, {students_in(campus.section)[0]: "A"}, by=alice)
    with pytest.raises(CodeInUse, match="the code A"):
        change("A", alice, **meaning)
    change("A", alice, name="Away")


def test_a_retired_code_is_refused_in_new_marks_and_stays_in_old_ones(campus: Campus, alice: User) -> None:
    first, second, *_ = students_in(campus.section)
    take(campus.section, {first: "L"}, by=alice)
    change("L", alice, retired=True)
    take(campus.section, {first: "L"}, by=alice, version=1)
    with pytest.raises(MarksRefused):
        take(campus.section, {first: "L", second: "L"}, by=alice, version=2)


@pytest.mark.parametrize("values", [{"retired": True}, {"teacher_selectable": False}, {"default": False}])
def test_there_is_always_a_default_that_can_be_chosen(campus: Campus, alice: User, values: dict[str, Any]) -> None:
    with pytest.raises(DefaultCodeNeeded):
        change("P", alice, **values)


def test_a_campus_without_rules_has_the_usual_ones(campus: Campus, alice: User) -> None:
    (rules,) = [each for each in policies(by=alice) if each["institution_id"] == campus.institution.sourced_id]
    assert (rules["version"], rules["edit_window_days"], rules["day_starts_at"]) == (0, 7, dt.time(8))


@pytest.mark.parametrize(
    "values", [{"half_from_share": "0.80"}, {"absent_from_share": "1.10"}, {"day_ends_at": dt.time(7)}]
)
def test_rules_that_contradict_each_other_are_refused(campus: Campus, alice: User, values: dict[str, Any]) -> None:
    with pytest.raises(PolicyRefused):
        services.set_policy(institution=campus.institution.sourced_id, values=values, expected_version=0, by=alice)


def test_over_http(api: Api, campus: Campus, alice: User, bob: User) -> None:
    app = api(alice)
    made = app.post("attendance-codes", {"code": "V", "name": "Visit", "direction": "out", "state": "present"})
    assert made.status_code == 201
    address = f"attendance-codes/{made.json()['id']}"
    assert app.patch(address, {"name": "A visit", "version": 1}).json()["version"] == 2
    stale = app.patch(address, {"name": "Visit", "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "attendance:code-changed-meanwhile")
    assert api(bob).get(address).json()["name"] == "A visit"
    assert api(bob).patch(address, {"name": "x", "version": 2}).status_code == 403
    assert len(app.get("attendance-codes", retired="false").json()["results"]) == 9


def test_rules_over_http(api: Api, campus: Campus, alice: User) -> None:
    app, address = api(alice), f"attendance-policy/{campus.institution.sourced_id}"
    changed = app.patch(address, {"edit_window_days": 1, "version": 0})
    assert (changed.status_code, changed["ETag"], changed.json()["edit_window_days"]) == (200, '"1"', 1)
    assert app.patch(address, {"edit_window_days": 2, "version": 0}).status_code == 409
    listed = app.get("attendance-policy").json()["results"]
    assert [each["edit_window_days"] for each in listed if each["version"]] == [1]
    roll = app.get(f"sections/{campus.section.sourced_id}/roll/{SCHOOL_DAY - dt.timedelta(days=2)}").json()
    assert roll["state"] == "locked"
