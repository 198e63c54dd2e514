"""Next year's enrolments stand beside this year's before the old year is closed; each ends with its year."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.exchange.services.exporting.rows import Bundle
from apps.institutions.errors import YearHoldsEnrolments, YearRunsIntoEnrolments
from apps.institutions.models import AcademicYear
from apps.institutions.services import activate_year, change_year, close_year
from apps.office.people.selectors.records import record_of
from apps.students import errors
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.selectors import enrolments_that_count, students_taught
from apps.students.services import (
    EnrolmentRow,
    Placement,
    enrol_in_class,
    enrol_students,
    merge_students,
    re_enrol_student,
    withdraw_student,
)
from schoolops import clock
from tests.factories.people import (
    FIRST_DAY,
    LAST_DAY,
    SCHOOL_DAY,
    SCHOOL_MOMENT,
    Campus,
    a_class,
    a_school_year,
    a_section,
    a_teacher,
    a_user,
    another_section,
    some_students,
    students_in,
)
from tests.factories.rosters import class_roster, roster, section_of
from tests.support.kept import kept

ONE_DAY = dt.timedelta(days=1)
NEXT_FIRST = dt.date(2027, 9, 1)
SUMMER = dt.date(2027, 8, 2)


@pytest.fixture
@kept
def this_year(in_oak: object, school_day: object) -> Campus:
    campus = a_school_year(sections=("7 B",))
    some_students(3, section=campus.section)
    return campus


@pytest.fixture
def dana(in_oak: object) -> User:
    return a_user("dana", role="administrator")


@pytest.fixture
def next_year(this_year: Campus) -> Campus:
    """Planned at the same campus, with a section of the next grade level."""
    year = AcademicYear.objects.create(
        institution=this_year.institution, name="2027/28", starts_on=NEXT_FIRST, ends_on=dt.date(2028, 7, 14)
    )
    campus = Campus(this_year.institution, year, [], dict(this_year.levels))
    another_section(campus, "8 B")
    return campus


def promoted(students: list[Student], campus: Campus, by: User, **more: Any) -> list[Enrolment]:
    rows = [EnrolmentRow(each, campus.section.grade_level, campus.section) for each in students]
    return enrol_students(rows=rows, year=campus.year, entered_on=campus.year.starts_on, by=by, **more)


def test_all_of_a_section_are_enrolled_into_the_planned_year(this_year: Campus, next_year: Campus, dana: User) -> None:
    students = students_in(this_year.section)
    promoted(students, next_year, dana)
    assert Enrolment.objects.filter(exited_on=None).count() == 6
    assert {each.pk for each in roster(this_year.section, LAST_DAY)} == {each.pk for each in students}
    assert {each.pk for each in roster(next_year.section, NEXT_FIRST)} == {each.pk for each in students}


def test_one_student_is_too_over_http(at_oak: Any, this_year: Campus, next_year: Campus, dana: User) -> None:
    student = students_in(this_year.section)[0]
    answer = at_oak(dana).post(
        f"students/{student.sourced_id}/re-enrol",
        {
            "year_id": str(next_year.year.sourced_id),
            "grade_level_id": str(next_year.section.grade_level.sourced_id),
            "section_id": str(next_year.section.sourced_id),
            "entered_on": NEXT_FIRST.isoformat(),
        },
    )
    assert answer.status_code == 201, answer.content
    for day, level in ((SCHOOL_DAY, "07"), (NEXT_FIRST, "08")):
        assert Enrolment.objects.on(day).get(student=student).grade_level.code == level
    assert not Enrolment.objects.on(SUMMER).exists()


def test_a_second_enrolment_of_days_of_this_year_is_still_refused(this_year: Campus, dana: User) -> None:
    student = students_in(this_year.section)[0]
    placement = Placement(this_year.year, this_year.section.grade_level, LAST_DAY)
    with pytest.raises(errors.AlreadyEnrolled):
        re_enrol_student(student=student, placement=placement, by=dana)
    with pytest.raises(IntegrityError, match="enrolment_no_overlap"), transaction.atomic():
        Enrolment.objects.create(
            student=student,
            institution=this_year.institution,
            year=this_year.year,
            grade_level=this_year.section.grade_level,
            entered_on=LAST_DAY,
        )


def test_between_the_years_nobody_is_on_a_roll(this_year: Campus, next_year: Campus, dana: User) -> None:
    """The old year is closed late: what is open in it holds no day after its last one."""
    students = students_in(this_year.section)
    taught = a_class(this_year, students=students)
    bob = a_teacher(of=this_year.section)
    promoted(students, next_year, dana)
    assert len(class_roster(taught, LAST_DAY)) == len(Student.objects.filter(students_taught(bob, LAST_DAY))) == 3
    for day in (LAST_DAY + ONE_DAY, SUMMER, NEXT_FIRST):
        assert roster(this_year.section, day) == class_roster(taught, day) == []
        assert not Student.objects.filter(students_taught(bob, day)).exists()
    assert section_of(students[0].pk, NEXT_FIRST) == next_year.section.pk


def test_closing_late_ends_the_old_and_leaves_the_new(this_year: Campus, next_year: Campus, dana: User) -> None:
    promoted(students_in(this_year.section), next_year, dana)
    with clock.frozen(SCHOOL_MOMENT + (NEXT_FIRST - SCHOOL_DAY) + 5 * ONE_DAY):
        close_year(year=this_year.year, by=dana)
        activate_year(year=next_year.year, by=dana)
    assert set(Enrolment.objects.filter(year=this_year.year).values_list("exited_on", "exit_kind")) == {
        (LAST_DAY + ONE_DAY, "year-ended")
    }
    assert Enrolment.objects.filter(year=next_year.year, exited_on=None).count() == 3


def test_a_year_that_is_prolonged_into_another_enrolment_is_refused(this_year: Campus, dana: User) -> None:
    """Two campuses: at the other one the year begins as soon as this one's is over."""
    other = a_school_year(starts_on=LAST_DAY + ONE_DAY, ends_on=LAST_DAY + 300 * ONE_DAY, state="planned")
    student = students_in(this_year.section)[0]
    placement = Placement(other.year, other.section.grade_level, other.year.starts_on, other.section)
    re_enrol_student(student=student, placement=placement, by=dana)
    with pytest.raises(YearRunsIntoEnrolments):
        change_year(year=this_year.year, fields={"ends_on": LAST_DAY + 7 * ONE_DAY}, by=dana)
    withdraw_student(student=student, on=LAST_DAY, exit_kind="transferred-out", by=dana)
    change_year(year=this_year.year, fields={"ends_on": LAST_DAY + 7 * ONE_DAY}, by=dana)
    assert [each.pk for each in roster(this_year.section, LAST_DAY + 7 * ONE_DAY)] != []
    # What is planned at another campus stays.
    assert Enrolment.objects.on(other.year.starts_on).get(student=student).institution == other.institution


def test_a_year_is_not_cut_short_of_what_was_dated_in_it(this_year: Campus, dana: User) -> None:
    this_year.year.terms.all().delete()
    cut = LAST_DAY - 20 * ONE_DAY
    for rows in (SectionMembership.objects, ClassEnrolment.objects):
        a_class(this_year, students=students_in(this_year.section)[:1])
        held = rows.first()
        rows.filter(pk=held.pk).update(starts_on=cut + ONE_DAY)
        with pytest.raises(YearHoldsEnrolments):
            change_year(year=this_year.year, fields={"ends_on": cut}, by=dana)
        rows.filter(pk=held.pk).update(starts_on=FIRST_DAY)
    change_year(year=this_year.year, fields={"ends_on": cut}, by=dana)
    assert len(roster(this_year.section, cut)) == 3
    assert roster(this_year.section, cut + ONE_DAY) == []


def test_an_enrolment_never_disagrees_with_its_year(this_year: Campus) -> None:
    with pytest.raises(IntegrityError, match="enrolment_ends_with_year"), transaction.atomic():
        Enrolment.objects.update(year_ends_on=LAST_DAY + ONE_DAY)


def test_a_leaver_leaves_next_year_too(this_year: Campus, next_year: Campus, dana: User) -> None:
    student, stays, _ = students_in(this_year.section)
    promoted([student, stays], next_year, dana)
    taught = a_class(next_year)
    enrol_in_class(course_class=taught, students=[student, stays], starts_on=NEXT_FIRST, by=dana)
    withdraw_student(student=student, on=SCHOOL_DAY, by=dana)
    assert not Enrolment.objects.not_over(SCHOOL_DAY).filter(student=student).exists()
    assert [each.pk for each in roster(next_year.section, NEXT_FIRST)] == [stays.pk]
    assert [each.pk for each in class_roster(taught, NEXT_FIRST)] == [stays.pk]
    # Who comes back after all is enrolled again.
    back = Placement(next_year.year, next_year.section.grade_level, NEXT_FIRST, next_year.section)
    re_enrol_student(student=student, placement=back, by=dana)
    assert len(roster(next_year.section, NEXT_FIRST)) == 2


def test_who_graduates_leaves_on_the_day_after_the_year(this_year: Campus, dana: User) -> None:
    student = students_in(this_year.section)[0]
    ended = withdraw_student(student=student, on=LAST_DAY + ONE_DAY, exit_kind="graduated", by=dana)
    assert (ended.exited_on, ended.exit_kind) == (LAST_DAY + ONE_DAY, "graduated")
    with pytest.raises(errors.NotEnrolled):
        withdraw_student(student=students_in(this_year.section)[1], on=LAST_DAY + 2 * ONE_DAY, by=dana)


def test_two_records_with_a_year_each_become_one_with_both(this_year: Campus, next_year: Campus, dana: User) -> None:
    kept = students_in(this_year.section)[0]
    duplicate = some_students(1, section=next_year.section)[0]
    outcome = merge_students(keep=kept, duplicate=duplicate, by=dana)
    assert not any(moved.left for moved in outcome.by_kind.values())
    assert Enrolment.objects.filter(student=kept).count() == 2


def test_a_full_section_has_its_seats_back_when_its_year_is_over(this_year: Campus, dana: User) -> None:
    """Seats are counted where they hold: nobody sits in a section whose year is over."""
    section = another_section(this_year, "7 C", capacity=1)
    a_section(1, campus=this_year, name="7 C")
    assert SectionMembership.objects.not_over(LAST_DAY).filter(section=section).count() == 1
    assert SectionMembership.objects.not_over(LAST_DAY + ONE_DAY).filter(section=section).count() == 0


def test_the_office_and_the_export_show_the_year_that_runs(
    at_oak: Any, this_year: Campus, next_year: Campus, dana: User
) -> None:
    student = students_in(this_year.section)[0]
    promoted([student], next_year, dana)
    there = Enrolment.objects.filter(student=student)
    for day, level in ((SCHOOL_DAY, "07"), (SUMMER, "08"), (NEXT_FIRST, "08"), (dt.date(2029, 1, 1), "08")):
        assert enrolments_that_count(there, day)[student.pk].grade_level.code == level
    record = record_of(student.sourced_id, by=dana, day=SCHOOL_DAY)
    assert record.section_on(SCHOOL_DAY) == this_year.section
    assert record.section_on(SUMMER) is None
    grades = {cell for row in Bundle().rows_of_users() for cell in row if cell in {"07", "08"}}
    assert grades == {"07"}
    level = this_year.section.grade_level.sourced_id
    listed = at_oak(dana).get(f"students?grade_level_id={level}&as_of={SUMMER}").json()
    assert listed["results"] == []


def test_students_of_the_old_year_are_reached_again_in_the_new_one(
    this_year: Campus, next_year: Campus, dana: User
) -> None:
    bob = a_teacher(of=next_year.section)
    promoted(students_in(this_year.section), next_year, dana)
    reached = Student.objects.filter(students_taught(bob, NEXT_FIRST))
    assert reached.count() == 3
    assert not Student.objects.filter(students_taught(bob, SCHOOL_DAY)).exists()
