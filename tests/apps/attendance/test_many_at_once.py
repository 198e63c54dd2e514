"""Fifty people send the same roll at once: one is recorded, the others are told what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.errors import RollChangedMeanwhile
from apps.attendance.models import AttendanceChange, AttendanceRecord, AttendanceSession, DailyAttendance
from apps.attendance.services import Entry
from apps.students.models import Student
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.apps.at_once import at_once
from tests.apps.attendance.conftest import Api
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_school_year, a_user, some_students, students_in
from tests.factories.rolls import key_of, marks, some_periods, take

MANY = 50


@pytest.fixture
def school(fresh_school: Callable[..., School]) -> School:
    made = fresh_school()
    with inside(made):
        some_students(12, section=a_school_year().section)
        a_user("alice", role="head")
    return made


def campus_of(school: School) -> Campus:
    from apps.institutions.models import Section  # noqa: PLC0415

    section = Section.objects.get()
    return Campus(section.institution, section.year, [], {}, {"7 B": section})


def test_of_fifty_who_read_the_same_version_one_wins(school: School) -> None:
    with inside(school):
        campus, alice = campus_of(school), User.objects.get()
        everybody = marks(campus.section)
        key = key_of(campus.section)
    for version in range(2):

        def send(version: int = version) -> int:
            who = User.objects.get()
            return services.mark_attendance(session=key, marks=everybody, expected_version=version, by=who).version

        answers = at_once(school, [send] * MANY, answer=RollChangedMeanwhile)
        assert answers.count(version + 1) == 1
        refused = [each for each in answers if isinstance(each, RollChangedMeanwhile)]
        assert len(refused) == MANY - 1
        assert {each.members["version"] for each in refused} == {version + 1}
    with inside(school):
        assert AttendanceSession.objects.get().version == 2
        assert AttendanceRecord.objects.count() == DailyAttendance.objects.count() == 12
        assert AttendanceChange.objects.count() == 12
        assert alice.pk == AttendanceSession.objects.get().taken_by_id


def test_fifty_puts_over_http_are_one_200_and_forty_nine_409(
    school: School, client_for: Callable[[School], Any]
) -> None:
    with inside(school), clock.frozen(SCHOOL_MOMENT):
        section = campus_of(school).section
        body = {
            "version": 0,
            "records": [{"student_id": str(each.student_id), "code": "P"} for each in marks(section)],
        }
        apps = [Api(client_for(school), User.objects.get()) for _ in range(MANY)]
    address = f"sections/{section.sourced_id}/roll/{SCHOOL_DAY}"
    answers = at_once(school, [lambda app=app: app.put(address, body) for app in apps], answer=RollChangedMeanwhile)
    assert sorted(each.status_code for each in answers) == [200] + [409] * (MANY - 1)
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"attendance:changed-meanwhile"}
    with inside(school):
        assert AttendanceRecord.objects.count() == 12


def test_rolls_of_several_periods_taken_at_once_make_one_day(school: School) -> None:
    with inside(school):
        campus = campus_of(school)
        periods = some_periods(campus, 8)
        amina = students_in(campus.section)[0]

    def taking(number: int) -> Callable[[], Any]:
        codes = {amina: "A"} if number < 4 else {}
        return lambda: take(campus.section, codes, by=User.objects.get(), period=periods[number])

    answers = at_once(school, [taking(number) for number in range(8)], answer=RollChangedMeanwhile)
    assert [each.version for each in answers] == [1] * 8
    with inside(school):
        assert DailyAttendance.objects.get(student=amina).minutes_missed == 4 * 45
        assert set(DailyAttendance.objects.exclude(student=amina).values_list("minutes_missed", flat=True)) == {0}


def test_the_offices_word_is_not_lost_to_a_roll_taken_at_the_same_moment(school: School) -> None:
    with inside(school):
        campus = campus_of(school)
        section, students = campus.section, students_in(campus.section)
        a_user("erin", role="administrator")

    def desk(student: Student) -> Callable[[], Any]:
        return lambda: services.enter_at_desk(
            student=student.sourced_id,
            day=SCHOOL_DAY,
            entry=Entry(code="S"),
            by=User.objects.get(username="erin"),
        )

    def roll() -> Any:
        return take(section, by=User.objects.get(username="alice"))

    at_once(school, [roll, *(desk(student) for student in students)], answer=RollChangedMeanwhile)
    with inside(school):
        assert set(AttendanceRecord.objects.values_list("state", flat=True)) == {"absent"}
        assert set(DailyAttendance.objects.values_list("state", flat=True)) == {"absent"}
