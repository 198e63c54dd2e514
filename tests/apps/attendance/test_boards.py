"""Which rolls are still to be taken, what a teacher teaches today, and each campus's day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance.models import AttendancePolicy
from apps.institutions.models import CalendarDay, CourseClass
from apps.staff.models import Substitution, TeachingAssignment
from apps.timetable.models import Meeting, Period
from tests.factories.people import SCHOOL_DAY, Campus, a_class, a_section, a_teacher, students_in
from tests.factories.rolls import some_periods, take

Api = Callable[[User], Any]
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def periods(campus: Campus) -> list[Period]:
    return some_periods(campus)


def meets(taught: CourseClass, period: Period, *, on: dt.date = SCHOOL_DAY) -> Meeting:
    return Meeting.objects.create(
        course_class=taught, period=period, weekday=on.isoweekday(), starts_on=taught.year.starts_on, room="12"
    )


def titles(answer: Any) -> list[tuple[str, str]]:
    return [(each["title"], each["period"]["name"] if each["period"] else "") for each in answer.json()["results"]]


def test_a_roll_is_missing_until_it_is_taken(api: Api, campus: Campus, alice: User, periods: list[Period]) -> None:
    taught = a_class(campus, students=students_in(campus.section)[:4])
    meets(taught, periods[1])
    meets(taught, periods[2], on=SCHOOL_DAY + ONE_DAY)
    a_section(0, campus=campus, name="9 A")
    app = api(alice)
    missing = app.get("rolls/not-taken", day=SCHOOL_DAY)
    assert titles(missing) == [("Grade 7 B", ""), ("Grade 7 C", ""), ("Mathematics", "Period 2")]
    assert [each["students"] for each in missing.json()["results"]] == [12, 3, 4]
    take(campus.sections["7 B"], by=alice)
    take(taught, by=alice, period=periods[1])
    assert titles(app.get("rolls/not-taken")) == [("Grade 7 C", "")]
    assert titles(app.get("rolls/not-taken", kind="period")) == []


def test_nothing_is_missing_on_a_day_without_school(api: Api, campus: Campus, alice: User) -> None:
    campus.institution.calendar.create(day=SCHOOL_DAY, kind=CalendarDay.Kind.CLOSURE, title="Snow")
    app = api(alice)
    assert titles(app.get("rolls/not-taken")) == []
    assert titles(app.get("rolls/not-taken", day=SCHOOL_DAY - 3 * ONE_DAY)) == []
    (figures,) = [
        each
        for each in app.get(f"days/{SCHOOL_DAY}").json()["results"]
        if each["institution_id"] == str(campus.institution.sourced_id)
    ]
    assert (figures["instructional"], figures["why"], figures["rolls_expected"]) == (False, "Snow", 0)


def test_a_campus_that_takes_no_daily_rolls_misses_none(api: Api, campus: Campus, alice: User) -> None:
    AttendancePolicy.objects.create(institution=campus.institution, daily_rolls=False)
    assert titles(api(alice).get("rolls/not-taken")) == []


def test_a_teacher_sees_only_their_own_as_missing(api: Api, campus: Campus, bob: User) -> None:
    assert titles(api(bob).get("rolls/not-taken")) == [("Grade 7 B", "")]


def test_a_class_taught_to_a_whole_section_counts_its_students_and_guests_once(
    api: Api, campus: Campus, alice: User, periods: list[Period]
) -> None:
    section = campus.sections["7 C"]
    taught = a_class(campus, students=[students_in(section)[0], students_in(campus.section)[0]])
    CourseClass.objects.filter(pk=taught.pk).update(section=section)
    meets(taught, periods[0])
    (line,) = api(alice).get("rolls/not-taken", kind="period").json()["results"]
    assert (line["students"], line["section"]) == (4, "Grade 7 C")


def test_a_teachers_day_is_in_order_with_what_was_taken(
    api: Api, campus: Campus, bob: User, periods: list[Period]
) -> None:
    taught = a_class(campus, students=students_in(campus.section))
    TeachingAssignment.objects.create(staff=bob.staff_member, course_class=taught, starts_on=campus.year.starts_on)
    meets(taught, periods[2])
    meets(taught, periods[0])
    Substitution.objects.create(staff=bob.staff_member, section=campus.sections["7 C"], day=SCHOOL_DAY)
    take(taught, by=bob, period=periods[0])
    rows = api(bob).get("my/classes", day=SCHOOL_DAY).json()["results"]
    assert [(each["title"], each["substitute"], each["roll"]["state"], each["roll"]["version"]) for each in rows] == [
        ("Grade 7 B", False, "open", 0),
        ("Grade 7 C", True, "open", 0),
        ("Mathematics", False, "submitted", 1),
        ("Mathematics", False, "open", 0),
    ]
    assert {each["title"] for each in api(bob).get("my/classes", day=SCHOOL_DAY - ONE_DAY).json()["results"]} == {
        "Grade 7 B"
    }


def test_the_day_of_a_campus_in_figures(api: Api, campus: Campus, alice: User, carol: User) -> None:
    first, second, third, *_ = students_in(campus.section)
    take(campus.section, {first: "A", second: "E", third: "L"}, by=alice)
    (figures,) = api(alice).get(f"days/{SCHOOL_DAY}").json()["results"]
    assert {name: figures[name] for name in ("recorded", "present", "absent", "excused", "late")} == {
        "recorded": 12,
        "present": 10,
        "absent": 2,
        "excused": 1,
        "late": 1,
    }
    assert (figures["rolls_expected"], figures["rolls_taken"]) == (2, 1)
    (hers,) = api(carol).get(f"days/{SCHOOL_DAY}").json()["results"]
    assert (hers["recorded"], hers["absent"]) == (1, 1)


@pytest.mark.parametrize("address", ["rolls/not-taken", "my/classes", f"days/{SCHOOL_DAY}"])
def test_it_takes_as_many_queries_for_many_rolls_as_for_one(
    api: Api, campus: Campus, query_count: Any, periods: list[Period], address: str
) -> None:
    taught = a_class(campus, students=students_in(campus.section))
    meets(taught, periods[0])
    teacher = a_teacher(of=campus.section)
    TeachingAssignment.objects.create(staff=teacher.staff_member, course_class=taught, starts_on=campus.year.starts_on)
    app = api(teacher)
    app.get(address)
    with query_count() as few:
        assert app.get(address).status_code == 200
    for number in range(20):
        another = a_class(campus, students=students_in(campus.section), title=f"Class {number}")
        meets(another, periods[number % 3])
        TeachingAssignment.objects.create(
            staff=teacher.staff_member, course_class=another, starts_on=campus.year.starts_on
        )
    with query_count(few.count):
        assert app.get(address).status_code == 200
