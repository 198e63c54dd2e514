"""Whom people reach: each student once, as of today, inside the walls of their role's campus."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.access import services as access
from apps.access.models import Role, RoleAssignment
from apps.accounts.models import User
from apps.institutions.models import Section
from apps.students.models import Student
from schoolops import clock
from schoolops.cache.entry import forget_school
from tests.factories.people import (
    SCHOOL_DAY,
    SCHOOL_MOMENT,
    Campus,
    a_class,
    a_school_year,
    a_teacher,
    a_user,
    some_students,
    students_in,
)

ONE_DAY = dt.timedelta(days=1)


def sections(user: User, day: dt.date = SCHOOL_DAY) -> set[Section]:
    return set(Section.objects.filter(access.within_reach(user, "sections.view", "section", day=day)))


def students(user: User, day: dt.date = SCHOOL_DAY) -> set[Student]:
    return set(Student.objects.filter(access.within_reach(user, "students.view", "student", day=day)))


def test_nobody_is_listed_twice_whoever_teaches_them_twice(campus: Campus, bob: User) -> None:
    maths = a_class(campus, students=students_in(campus.section))
    bob.staff_member.assignments.create(course_class=maths, starts_on=campus.year.starts_on)
    reach = access.within_reach(bob, "students.view", "student", day=SCHOOL_DAY)
    assert Student.objects.filter(reach).count() == 12


def test_a_student_who_moved_away_is_out_of_reach_from_that_day(campus: Campus, bob: User) -> None:
    leaver = some_students(1, section=campus.section, until=SCHOOL_DAY)[0]
    with clock.frozen(SCHOOL_MOMENT - ONE_DAY):
        assert leaver in students(bob, SCHOOL_DAY - ONE_DAY)
    assert leaver not in students(bob, SCHOOL_DAY)
    assert leaver not in students(bob, SCHOOL_DAY - ONE_DAY)


def test_a_role_at_one_campus_ends_at_its_walls(campus: Campus) -> None:
    other = a_school_year(sections=("7 X",))
    some_students(2, section=other.section)
    head = a_user("head-there", role="head", institution=other.institution)
    assert sections(head) == {other.section}
    assert len(students(head)) == 2
    RoleAssignment.objects.create(user=head, role=Role.objects.get(code="head"), institution=campus.institution)
    # Written past the service, which tells the caches.
    forget_school()
    head = User.objects.get(pk=head.pk)
    assert len(students(head)) == 17


def test_the_scope_is_one_query_whatever_one_teaches(campus: Campus, query_count: Any) -> None:
    one, many = a_teacher(of=campus.section), a_teacher(of=campus.section)
    for _ in range(10):
        many.staff_member.assignments.create(course_class=a_class(campus), starts_on=campus.year.starts_on)
    spent = []
    for teacher in (one, many):
        with query_count() as counted:
            students(teacher)
        spent.append(counted.count)
    assert spent == [2, 2]
