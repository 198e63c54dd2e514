"""Reminders look at what runs: nobody is asked for a roll that nobody can take, and none is taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.models import AttendanceRecord
from apps.attendance.services import Entry, Mark
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import AcademicYear, CalendarDay
from apps.timetable.models import Meeting
from tests.factories.people import SCHOOL_DAY, Campus, a_class, students_in
from tests.factories.rolls import key_of, marks, some_periods, take

Api = Callable[[User], Any]
ONE_DAY = dt.timedelta(days=1)


def asked(api: Any, day: dt.date = SCHOOL_DAY) -> list[tuple[str, str]]:
    return [
        (each["title"], each["period"]["name"] if each["period"] else "")
        for each in api.get("rolls/not-taken", day=day).json()["results"]
    ]


def roll_address(campus: Campus, day: dt.date) -> str:
    return f"sections/{campus.section.sourced_id}/roll/{day}"


def put_roll(api: Any, campus: Campus, day: dt.date = SCHOOL_DAY) -> Any:
    records = [{"student_id": str(each.student_id), "code": "P"} for each in marks(campus.section, day=day)]
    return api.put(roll_address(campus, day), {"records": records})


@pytest.mark.parametrize(
    ("state", "code"), [("closed", "institutions:year-closed"), ("planned", "attendance:year-not-begun")]
)
def test_a_year_that_does_not_run_asks_for_no_roll_and_takes_none(
    api: Api, campus: Campus, alice: User, state: str, code: str
) -> None:
    head = api(alice)
    yesterday = SCHOOL_DAY - ONE_DAY
    assert asked(head, yesterday) != []
    AcademicYear.objects.filter(pk=campus.year.pk).update(state=state)
    assert asked(head, yesterday) == []
    (figures,) = head.get(f"days/{yesterday}").json()["results"]
    assert (figures["rolls_expected"], figures["rolls_taken"]) == (0, 0)
    refused = put_roll(head, campus, yesterday)
    assert (refused.status_code, refused.json()["code"]) == (409, code)


def test_nothing_of_a_closed_year_changes(campus: Campus, alice: User, dave: User, erin: User) -> None:
    amina = students_in(campus.section)[0]
    sheet = take(campus.section, {amina: "A"}, by=alice)
    leave = services.request_leave(
        student=amina.sourced_id, starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="a wedding", by=dave
    )
    services.lock_roll(roll=sheet.sourced_id, reason="inspected", by=alice)
    AcademicYear.objects.filter(pk=campus.year.pk).update(state="closed")
    with pytest.raises(YearIsClosed):
        services.enter_at_desk(student=amina.sourced_id, day=SCHOOL_DAY, entry=Entry(code="S"), by=dave)
    with pytest.raises(YearIsClosed):
        services.reopen_roll(roll=sheet.sourced_id, reason="x", lasting=dt.timedelta(hours=1), by=alice)
    with pytest.raises(YearIsClosed):
        services.reopen_day(session=key_of(campus.section), reason="x", lasting=dt.timedelta(hours=1), by=alice)
    assert services.approve_leave(leave=leave.sourced_id, by=dave)[1] == (SCHOOL_DAY,)
    assert AttendanceRecord.objects.get(session=sheet, student=amina).office_code is None


def test_a_day_to_come_asks_for_no_roll(api: Api, campus: Campus, alice: User) -> None:
    head = api(alice)
    tomorrow = SCHOOL_DAY + ONE_DAY
    assert asked(head, tomorrow) == []
    (figures,) = head.get(f"days/{tomorrow}").json()["results"]
    assert figures["rolls_expected"] == 0


@pytest.mark.parametrize(("starts_at", "ends_at", "held"), [("08:00", "10:00", [1, 2]), ("09:45", "15:00", [3])])
def test_a_period_outside_other_times_of_the_day_asks_for_no_roll_and_takes_none(
    api: Api, campus: Campus, alice: User, starts_at: str, ends_at: str, held: list[int]
) -> None:
    taught = a_class(campus, students=students_in(campus.section))
    periods = some_periods(campus)
    Meeting.objects.bulk_create(
        Meeting(course_class=taught, period=each, weekday=SCHOOL_DAY.isoweekday(), starts_on=campus.year.starts_on)
        for each in periods
    )
    campus.institution.calendar.create(
        day=SCHOOL_DAY, kind=CalendarDay.Kind.TIMING_CHANGE, starts_at=starts_at, ends_at=ends_at
    )
    head = api(alice)
    assert [period for _, period in asked(head) if period] == [f"Period {number}" for number in held]
    records = [{"student_id": str(each.student_id), "code": "P"} for each in marks(taught)]
    for number, period in enumerate(periods, start=1):
        answer = head.put(f"classes/{taught.sourced_id}/roll/{SCHOOL_DAY}/{period.sourced_id}", {"records": records})
        assert answer.status_code == (200 if number in held else 409), answer.json()
        assert number in held or answer.json()["code"] == "attendance:period-not-held"


def test_a_teachers_own_time_counts_again_when_the_office_takes_its_entry_back(
    campus: Campus, alice: User, dave: User
) -> None:
    amina = students_in(campus.section)[0]

    def said(version: int, at: dt.time) -> None:
        told = [
            Mark(each.student_id, "L", arrived_at=at) if each.student_id == amina.sourced_id else each
            for each in marks(campus.section)
        ]
        services.mark_attendance(session=key_of(campus.section), marks=told, expected_version=version, by=alice)

    said(0, dt.time(8, 20))
    entry = services.enter_at_desk(
        student=amina.sourced_id, day=SCHOOL_DAY, entry=Entry(arrived_at=dt.time(8, 45)), by=dave
    )
    record = AttendanceRecord.objects.get(student=amina)
    assert (record.arrived_at, record.teacher_arrived_at) == (dt.time(8, 45), dt.time(8, 20))
    # The roll as it was read, sent back.
    said(1, dt.time(8, 45))
    services.remove_from_desk(entry=entry.sourced_id, by=dave)
    record.refresh_from_db()
    assert (record.arrived_at, record.teacher_arrived_at) == (dt.time(8, 20), dt.time(8, 20))


def test_a_word_of_sickness_does_not_end_what_the_teacher_saw(campus: Campus, alice: User, dave: User) -> None:
    amina = students_in(campus.section)[0]
    told = [
        Mark(each.student_id, "L", arrived_at=dt.time(8, 20)) if each.student_id == amina.sourced_id else each
        for each in marks(campus.section)
    ]
    services.mark_attendance(session=key_of(campus.section), marks=told, expected_version=0, by=alice)
    entry = services.enter_at_desk(student=amina.sourced_id, day=SCHOOL_DAY, entry=Entry(code="S"), by=dave)
    services.remove_from_desk(entry=entry.sourced_id, by=dave)
    assert AttendanceRecord.objects.get(student=amina).arrived_at == dt.time(8, 20)


def test_leave_is_a_code_that_means_absent(api: Api, campus: Campus, dave: User) -> None:
    amina = students_in(campus.section)[0]
    asked_for = {"student_id": str(amina.sourced_id), "starts_on": str(SCHOOL_DAY), "ends_on": str(SCHOOL_DAY)}
    for code, status in (("H", 422), ("P", 422), ("E", 201)):
        answer = api(dave).post("leaves", {**asked_for, "reason": "a wedding", "code": code})
        assert answer.status_code == status, (code, answer.json())
