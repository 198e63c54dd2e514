"""A large school for show: the same seed, the same school; families, siblings, parents apart, a winter with colds."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import Count

from apps.attendance.models import AttendanceRecord, AttendanceSession, DailyAttendance
from apps.attendance.services import Days, derive_days
from apps.demo.services import fill
from apps.students.models import Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School

NOON = dt.datetime(2026, 3, 11, 12, tzinfo=dt.UTC)


@pytest.fixture
def full(in_oak: School) -> Any:
    with clock.frozen(NOON):
        yield fill(students=120, days=40, seed=7)


def test_it_is_as_large_as_asked(full: Any) -> None:
    assert full.students == Student.objects.count() == 120
    assert full.days == len({day for (day,) in AttendanceSession.objects.values_list("day")}) == 40
    assert full.records == AttendanceRecord.objects.count() == DailyAttendance.objects.count()
    assert 0.02 < full.absences / full.records < 0.12


def test_today_is_left_for_people_to_mark(full: Any) -> None:
    assert AttendanceSession.objects.latest("day").day < NOON.date()


def test_filling_twice_changes_nothing(full: Any) -> None:
    with clock.frozen(NOON):
        assert fill(students=120, days=40, seed=7) is None
    assert Student.objects.count() == 120


def test_the_same_seed_makes_the_same_people(full: Any, elm: School) -> None:
    def people() -> list[tuple[str, ...]]:
        return list(
            Student.objects.order_by("admission_number").values_list(
                "given_name", "family_name", "birth_date", "address"
            )
        )

    oaks = people()
    with inside(elm), clock.frozen(NOON):
        fill(students=120, days=1, seed=7)
        assert people() == oaks
    assert sum(not given.isascii() for given, *_ in oaks) > 10


def test_families_are_families(full: Any) -> None:
    assert Guardian.objects.annotate(children=Count("student_links")).filter(children__gte=2).exists()
    assert StudentGuardian.objects.filter(lives_with=False).exists()
    for link in StudentGuardian.objects.exclude(restriction_note=""):
        assert not link.may_see


def test_everybody_was_in_the_right_place_on_every_day(full: Any) -> None:
    assert not Enrolment.objects.exclude(student__admission_number__startswith="V").exists()
    outside = [
        record.pk
        for record in AttendanceRecord.objects.order_by("id")[::20]
        if not SectionMembership.objects.on(record.day).filter(
            section_id=record.section_id, student_id=record.student_id
        )
    ][:5]
    assert outside == []


def test_its_days_are_what_the_rolls_say(full: Any) -> None:
    def days() -> list[tuple[Any, ...]]:
        fields = ("student_id", "day", "state", "excused", "late", "minutes_missed", "section_id")
        return list(DailyAttendance.objects.order_by("student_id", "day").values_list(*fields))

    before = days()
    some = [row[0] for row in before[:400]]
    derive_days(Days(students=tuple(some)))
    assert days() == before
    assert {row[2] for row in before} >= {"present", "absent"}
