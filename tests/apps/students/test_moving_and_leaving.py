"""Moving to another section, leaving, and coming back: dated facts, and the past stays as it was."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.access.selectors import roles_held
from apps.accounts.models import User
from apps.students import errors
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.services import (
    EnrolmentRow,
    Placement,
    enrol_in_class,
    enrol_students,
    leave_class,
    move_section,
    re_enrol_student,
    withdraw_student,
)
from tests.factories.people import (
    SCHOOL_DAY,
    Campus,
    a_class,
    a_school_year,
    another_section,
    some_students,
    students_in,
)
from tests.factories.rosters import class_roster, roster, section_of

ONE_DAY = dt.timedelta(days=1)
NEXT_WEEK = SCHOOL_DAY + 7 * ONE_DAY


@pytest.fixture
def student(campus: Campus) -> Student:
    return students_in(campus.sections["7 B"])[0]


def back(campus: Campus, day: dt.date) -> Placement:
    section = campus.sections["7 B"]
    return Placement(campus.year, section.grade_level, day, section, Enrolment.Entry.RETURNED)


def test_a_move_ends_one_membership_and_begins_another_in_the_same_enrolment(
    campus: Campus, student: Student, dave: User
) -> None:
    move_section(student=student, section=campus.sections["7 C"], on=NEXT_WEEK, by=dave)
    assert Enrolment.objects.filter(student=student).count() == 1
    assert section_of(student.pk, NEXT_WEEK - ONE_DAY) == campus.sections["7 B"].pk
    assert section_of(student.pk, NEXT_WEEK) == campus.sections["7 C"].pk


def test_a_move_that_is_planned_for_later_stands(campus: Campus, student: Student, dave: User) -> None:
    third = another_section(campus, "7 D")
    move_section(student=student, section=third, on=NEXT_WEEK, by=dave)
    move_section(student=student, section=campus.sections["7 C"], on=SCHOOL_DAY, by=dave)
    assert [section_of(student.pk, day) for day in (SCHOOL_DAY - ONE_DAY, SCHOOL_DAY, NEXT_WEEK)] == [
        campus.sections["7 B"].pk,
        campus.sections["7 C"].pk,
        third.pk,
    ]


def test_changing_ones_mind_the_same_day_leaves_no_trace_of_days_that_never_were(
    campus: Campus, student: Student, dave: User
) -> None:
    move_section(student=student, section=campus.sections["7 C"], on=SCHOOL_DAY, by=dave)
    move_section(student=student, section=campus.sections["7 B"], on=SCHOOL_DAY, by=dave)
    assert SectionMembership.objects.filter(student=student).count() == 2
    assert section_of(student.pk, SCHOOL_DAY) == campus.sections["7 B"].pk


def test_it_refuses_the_section_one_is_in_another_level_and_the_past(
    campus: Campus, student: Student, dave: User
) -> None:
    with pytest.raises(errors.AlreadyInSection):
        move_section(student=student, section=campus.sections["7 B"], on=SCHOOL_DAY, by=dave)
    with pytest.raises(errors.WrongSection):
        move_section(student=student, section=another_section(campus, "8 A"), on=SCHOOL_DAY, by=dave)
    with pytest.raises(errors.PastDay):
        move_section(student=student, section=campus.sections["7 C"], on=SCHOOL_DAY - ONE_DAY, by=dave)


def test_a_roll_number_is_held_by_one_at_a_time(campus: Campus, student: Student, dave: User) -> None:
    with pytest.raises(errors.RollNumberTaken):
        move_section(student=student, section=campus.sections["7 C"], on=SCHOOL_DAY, roll_number=1, by=dave)
    move_section(student=student, section=campus.sections["7 C"], on=SCHOOL_DAY, roll_number=99, by=dave)


def test_leaving_ends_section_and_classes_with_the_enrolment(campus: Campus, student: Student, dave: User) -> None:
    maths, later = a_class(campus, students=[student]), a_class(campus, title="Physics")
    ClassEnrolment.objects.create(course_class=later, student=student, starts_on=NEXT_WEEK)
    withdraw_student(student=student, on=SCHOOL_DAY + ONE_DAY, by=dave)
    assert student.pk in {each.pk for each in roster(campus.section, SCHOOL_DAY)}
    assert student.pk not in {each.pk for each in roster(campus.section, SCHOOL_DAY + ONE_DAY)}
    assert class_roster(maths, SCHOOL_DAY) != []
    assert class_roster(maths, SCHOOL_DAY + ONE_DAY) == []
    assert class_roster(later, NEXT_WEEK) == []


def test_who_is_not_enrolled_cannot_leave_or_move(campus: Campus, student: Student, dave: User) -> None:
    withdraw_student(student=student, on=SCHOOL_DAY, by=dave)
    with pytest.raises(errors.NotEnrolled):
        withdraw_student(student=student, on=SCHOOL_DAY, by=dave)
    with pytest.raises(errors.NotEnrolled):
        move_section(student=student, section=campus.sections["7 C"], on=SCHOOL_DAY, by=dave)


def test_coming_back_is_a_second_enrolment_that_may_not_overlap(campus: Campus, student: Student, dave: User) -> None:
    with pytest.raises(errors.AlreadyEnrolled):
        re_enrol_student(student=student, placement=back(campus, NEXT_WEEK), by=dave)
    withdraw_student(student=student, on=SCHOOL_DAY, by=dave)
    re_enrol_student(student=student, placement=back(campus, NEXT_WEEK), by=dave)
    assert [section_of(student.pk, day) for day in (SCHOOL_DAY - ONE_DAY, SCHOOL_DAY, NEXT_WEEK)] == [
        campus.section.pk,
        None,
        campus.section.pk,
    ]


def test_many_are_enrolled_with_as_many_queries_as_one(campus: Campus, dave: User, query_count: Any) -> None:
    next_year = a_school_year(
        starts_on=dt.date(2027, 9, 1), ends_on=dt.date(2028, 7, 14), sections=("8 B",), state="planned"
    )
    section = next_year.sections["8 B"]
    roles_held(dave)
    spent = []
    for size in (1, 50):
        rows = [
            EnrolmentRow(student, section.grade_level, section)
            for student in some_students(size, institution=campus.institution)
        ]
        with query_count() as counted:
            enrol_students(rows=rows, year=next_year.year, entered_on=next_year.year.starts_on, by=dave)
        spent.append(counted.count)
    assert spent[0] == spent[1]
    assert len(roster(section, next_year.year.starts_on)) == 51


def test_a_bulk_enrolment_names_every_row_it_refuses_and_writes_none(
    campus: Campus, student: Student, dave: User
) -> None:
    section = campus.sections["7 C"]
    fresh, twice = some_students(2, institution=campus.institution)
    rows = [
        EnrolmentRow(fresh, section.grade_level, section, 1),
        EnrolmentRow(student, section.grade_level, section),
        EnrolmentRow(twice, section.grade_level, another_section(campus, "8 A")),
        EnrolmentRow(twice, section.grade_level),
        EnrolmentRow(twice, section.grade_level),
    ]
    with pytest.raises(errors.RowsRefused) as refused:
        enrol_students(rows=rows, year=campus.year, entered_on=SCHOOL_DAY, by=dave)
    assert {(each.field, each.code) for each in refused.value.errors} == {
        ("records.0.roll_number", "students:roll-number-taken"),
        ("records.1.student_id", "students:already-enrolled"),
        ("records.2.section_id", "students:wrong-section"),
        ("records.4.student_id", "students:already-enrolled"),
    }
    assert not Enrolment.objects.filter(student__in=[fresh, twice]).exists()


def test_a_class_takes_only_who_is_enrolled_and_each_once(campus: Campus, student: Student, dave: User) -> None:
    maths = a_class(campus)
    stranger = some_students(1, institution=campus.institution)[0]
    with pytest.raises(errors.RowsRefused) as refused:
        enrol_in_class(course_class=maths, students=[student, stranger, student], starts_on=SCHOOL_DAY, by=dave)
    assert [each.field for each in refused.value.errors] == ["records.1.student_id", "records.2.student_id"]
    enrol_in_class(course_class=maths, students=[student], starts_on=SCHOOL_DAY, by=dave)
    leave_class(course_class=maths, student=student, on=NEXT_WEEK, by=dave)
    assert [len(class_roster(maths, day)) for day in (SCHOOL_DAY, NEXT_WEEK)] == [1, 0]
    with pytest.raises(errors.NotInClass):
        leave_class(course_class=maths, student=student, on=NEXT_WEEK, by=dave)
