"""A teacher reaches what they teach today, and what they stand in for today; a day asked for only narrows it."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.access.selectors import Kind
from apps.accounts.models import User
from apps.institutions.models import CourseClass, Section
from apps.staff import services
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import Student
from schoolops import clock
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_class, a_teacher, some_students, students_in

ONE_DAY = dt.timedelta(days=1)
MODELS = {"section": Section, "class": CourseClass, "student": Student}


def reached(user: User, kind: Kind, day: dt.date = SCHOOL_DAY) -> set[int]:
    """Keys of what ``user`` reaches, as a request of its own would see it."""
    fresh = User.objects.get(pk=user.pk)
    permission = "students.view" if kind == "student" else "sections.view"
    within = access.within_reach(fresh, permission, kind, day=day)
    return set(MODELS[kind].objects.filter(within).values_list("pk", flat=True))


def keys(*rows: Section | CourseClass | Student) -> set[int]:
    return {row.pk for row in rows}


@pytest.fixture
def mei(campus: Campus) -> User:
    """A teacher who is assigned to nothing."""
    return a_teacher("mei", institution=campus.institution)


def member(user: User) -> StaffMember:
    found: StaffMember = StaffMember.objects.get(user=user)
    return found


@pytest.fixture
def physics(campus: Campus) -> CourseClass:
    """A class across sections: three students of its own."""
    return a_class(campus, title="Physics", students=some_students(3, institution=campus.institution))


def test_an_assigned_teacher_reaches_the_section_its_classes_students_and_nothing_else(
    campus: Campus, bob: User
) -> None:
    assert reached(bob, "section") == keys(campus.sections["7 B"])
    assert reached(bob, "student") == keys(*students_in(campus.sections["7 B"]))


def test_reach_begins_and_ends_with_the_assignment(campus: Campus, mei: User, dave: User) -> None:
    section = campus.sections["7 C"]
    services.assign_teacher(
        staff=member(mei), section=section, starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY + 2 * ONE_DAY, by=dave
    )
    for offset, there in ((-1, False), (0, True), (1, True), (2, False)):
        with clock.frozen(SCHOOL_MOMENT + offset * ONE_DAY):
            assert reached(mei, "section") == (keys(section) if there else set()), offset
            assert reached(mei, "student") == (keys(*students_in(section)) if there else set()), offset
        day = SCHOOL_DAY + offset * ONE_DAY
        assert reached(mei, "section", day) == (keys(section) if there else set()), day
        assert reached(mei, "student", day) == (keys(*students_in(section)) if there else set()), day


def test_whoever_stands_in_reaches_the_section_on_exactly_that_day(campus: Campus, mei: User, dave: User) -> None:
    section = campus.sections["7 B"]
    services.add_substitution(staff=member(mei), section=section, day=SCHOOL_DAY, by=dave)
    assert reached(mei, "section") == keys(section)
    assert reached(mei, "student") == keys(*students_in(section))
    for day in (SCHOOL_DAY - ONE_DAY, SCHOOL_DAY + ONE_DAY):
        assert reached(mei, "section", day) == reached(mei, "student", day) == set()


def test_a_substitution_lets_a_roll_be_marked_that_day_and_no_other(campus: Campus, mei: User, dave: User) -> None:
    section = campus.sections["7 B"]
    made = services.add_substitution(staff=member(mei), section=section, day=SCHOOL_DAY, by=dave)
    access.require_row(mei, "attendance.mark", "section", section, day=SCHOOL_DAY)
    with pytest.raises(OutOfReach):
        access.require_row(mei, "attendance.mark", "section", section, day=SCHOOL_DAY - ONE_DAY)
    services.remove_substitution(substitution=made, by=dave)
    with pytest.raises(OutOfReach):
        access.require_row(mei, "attendance.mark", "section", section, day=SCHOOL_DAY)


def test_the_teacher_of_a_class_reaches_its_students_whichever_their_section(
    campus: Campus, mei: User, dave: User, physics: CourseClass
) -> None:
    services.assign_teacher(staff=member(mei), course_class=physics, starts_on=SCHOOL_DAY, by=dave)
    assert reached(mei, "class") == keys(physics)
    assert reached(mei, "section") == set()
    assert reached(mei, "student") == keys(*Student.objects.filter(class_enrolments__course_class=physics))
    assert len(reached(mei, "student")) == 3
    assert reached(mei, "class", SCHOOL_DAY - ONE_DAY) == set()


def test_whoever_stands_in_for_a_class_reaches_it_and_its_students_that_day(
    mei: User, dave: User, physics: CourseClass
) -> None:
    services.add_substitution(staff=member(mei), course_class=physics, day=SCHOOL_DAY, by=dave)
    assert (reached(mei, "class"), len(reached(mei, "student"))) == (keys(physics), 3)
    tomorrow = SCHOOL_DAY + ONE_DAY
    assert reached(mei, "class", tomorrow) == reached(mei, "student", tomorrow) == set()


def test_the_teacher_of_a_class_taught_to_a_whole_section_reaches_that_sections_students(
    campus: Campus, mei: User, dave: User, physics: CourseClass
) -> None:
    section = campus.sections["7 C"]
    CourseClass.objects.filter(pk=physics.pk).update(section=section)
    services.assign_teacher(staff=member(mei), course_class=physics, starts_on=SCHOOL_DAY, by=dave)
    assert keys(*students_in(section)) < reached(mei, "student")
    assert reached(mei, "section") == set()


def test_reach_ends_with_the_employment_whatever_the_assignment_says(campus: Campus, bob: User, dave: User) -> None:
    services.change_staff_member(member=member(bob), fields={"ends_on": SCHOOL_DAY}, expected_version=None, by=dave)
    yesterday = SCHOOL_DAY - ONE_DAY
    assert reached(bob, "section") == reached(bob, "student") == set()
    assert reached(bob, "section", yesterday) == reached(bob, "student", yesterday) == set()
    TeachingAssignment.objects.update(ends_on=None)
    assert reached(bob, "section") == set()


def test_an_assignment_that_ends_on_its_first_day_gives_no_reach(campus: Campus, mei: User, dave: User) -> None:
    made = services.assign_teacher(staff=member(mei), section=campus.sections["7 C"], starts_on=SCHOOL_DAY, by=dave)
    services.change_assignment(assignment=made, fields={"ends_on": SCHOOL_DAY}, by=dave)
    assert reached(mei, "section") == set()
