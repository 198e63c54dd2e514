"""A student's day follows from all rolls of that day, by the campus's rules."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.models import AttendancePolicy, DailyAttendance
from apps.attendance.services import Entry, Mark
from apps.institutions.models import CalendarDay
from apps.students.models import Student
from tests.factories.people import SCHOOL_DAY, Campus, a_class, students_in
from tests.factories.rolls import key_of, marks, some_periods, take


@pytest.fixture
def amina(campus: Campus) -> Student:
    return students_in(campus.section)[0]


def day_of(student: Student) -> tuple[str, bool, bool, int]:
    day = DailyAttendance.objects.get(student=student, day=SCHOOL_DAY)
    return day.state, day.excused, day.late, day.minutes_missed


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("P", ("present", False, False, 0)),
        ("L", ("present", False, True, 0)),
        ("H", ("half", False, False, 210)),
        ("A", ("absent", False, False, 420)),
        ("E", ("absent", True, False, 420)),
    ],
)
def test_a_daily_roll_decides_alone(campus: Campus, amina: Student, alice: User, code: str, day: Any) -> None:
    take(campus.section, {amina: code}, by=alice)
    assert day_of(amina) == day


@pytest.mark.parametrize(
    ("missed", "state", "minutes"), [(0, "present", 0), (1, "half", 45), (2, "half", 90), (3, "absent", 135)]
)
def test_periods_count_by_their_share(
    campus: Campus, amina: Student, alice: User, missed: int, state: str, minutes: int
) -> None:
    for number, period in enumerate(some_periods(campus, 3)):
        take(campus.section, {amina: "A"} if number < missed else {}, by=alice, period=period)
    assert day_of(amina) == (state, False, False, minutes)


def test_a_day_is_excused_when_all_that_was_missed_is(campus: Campus, amina: Student, alice: User) -> None:
    first, second, *_ = some_periods(campus)
    take(campus.section, {amina: "E"}, by=alice, period=first)
    assert day_of(amina)[1] is True
    take(campus.section, {amina: "A"}, by=alice, period=second)
    assert day_of(amina)[1] is False


def test_coming_late_enough_is_half_a_day(campus: Campus, amina: Student, alice: User, dave: User) -> None:
    take(campus.section, by=alice)
    services.enter_at_desk(student=amina.sourced_id, day=SCHOOL_DAY, entry=Entry(arrived_at=dt.time(10)), by=dave)
    assert day_of(amina) == ("half", False, True, 120)
    services.enter_at_desk(student=amina.sourced_id, day=SCHOOL_DAY, entry=Entry(left_at=dt.time(11, 15)), by=dave)
    assert day_of(amina) == ("absent", False, True, 345)


def test_the_campus_rules_decide(campus: Campus, amina: Student, alice: User) -> None:
    AttendancePolicy.objects.create(
        institution=campus.institution,
        half_from_share=Decimal("0.10"),
        absent_from_share=Decimal("0.30"),
        day_starts_at=dt.time(9),
        day_ends_at=dt.time(12),
    )
    for number, period in enumerate(some_periods(campus, 3)):
        take(campus.section, {amina: "A"} if number == 0 else {}, by=alice, period=period)
    assert day_of(amina)[0] == "absent"
    take(campus.section, {amina: "A"}, by=alice)
    assert day_of(amina)[3] == round((180 + 45) / (180 + 135) * 180)


def test_the_calendars_shorter_day_counts(campus: Campus, amina: Student, alice: User) -> None:
    campus.institution.calendar.create(
        day=SCHOOL_DAY, kind=CalendarDay.Kind.TIMING_CHANGE, starts_at=dt.time(8), ends_at=dt.time(11)
    )
    take(campus.section, {amina: "A"}, by=alice)
    assert day_of(amina)[3] == 180


def test_a_correction_changes_the_day(campus: Campus, amina: Student, alice: User) -> None:
    take(campus.section, {amina: "A"}, by=alice)
    take(campus.section, by=alice, version=1)
    assert day_of(amina) == ("present", False, False, 0)


def test_the_day_belongs_to_the_homeroom_also_when_only_a_class_was_marked(
    campus: Campus, amina: Student, alice: User
) -> None:
    taught = a_class(campus, students=[amina])
    take(taught, by=alice, period=some_periods(campus)[0])
    assert DailyAttendance.objects.get(student=amina).section == campus.section


def test_an_arrival_said_by_the_teacher_counts(campus: Campus, amina: Student, alice: User) -> None:
    said = [
        Mark(each.student_id, "L", arrived_at=dt.time(8, 20)) if each.student_id == amina.sourced_id else each
        for each in marks(campus.section)
    ]
    services.mark_attendance(session=key_of(campus.section), marks=said, expected_version=0, by=alice)
    assert day_of(amina) == ("present", False, True, 20)
