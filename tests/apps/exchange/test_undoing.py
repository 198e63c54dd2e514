"""An import is taken back until somebody changes what it wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from apps.accounts.models import User
from apps.exchange import errors, services
from apps.exchange.models import Counterpart, Import
from apps.institutions.models import AcademicYear, Course, GradeLevel, Institution, Section
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import ClassEnrolment, Enrolment, Guardian, SectionMembership, Student
from apps.students.services import change_student

Bring = Callable[..., Import]
EVERYTHING = (
    Institution, AcademicYear, GradeLevel, Course, Section, StaffMember, TeachingAssignment, Student, Guardian,
    Enrolment, SectionMembership, ClassEnrolment, Counterpart,
)  # fmt: skip


def undone(run: Import, by: User) -> Import:
    return services.undo(run=services.begin_undo(run=run, by=by))


def test_nothing_is_left(brought_in: Bring, roster: Callable[..., Path], registrar: User) -> None:
    run = undone(brought_in(roster()), registrar)
    assert (run.state, run.problem) == ("undone", None)
    assert {model.__name__: model.objects.count() for model in EVERYTHING} == {
        model.__name__: 0 for model in EVERYTHING
    }


def test_and_it_can_come_in_again(brought_in: Bring, roster: Callable[..., Path], registrar: User) -> None:
    path = roster()
    undone(brought_in(path), registrar)
    assert brought_in(path).counts["student"] == {"create": 12}


def test_fields_get_back_what_stood_in_them(brought_in: Bring, registrar: User) -> None:
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    people.a_school_year()
    sheet = "Admission number,Given name,Phone,Birth date\nA1,Ada,{},{}\n"
    brought_in(sheet.format("1", "2015-01-02").encode(), "students.csv")
    run = brought_in(sheet.format("2", "2015-02-01").encode(), "students.csv")
    assert Student.objects.get().phone == "2"
    undone(run, registrar)
    student = Student.objects.get()
    assert (student.phone, str(student.birth_date)) == ("1", "2015-01-02")
    # And the file that says so again changes nothing.
    assert brought_in(sheet.format("1", "2015-01-02").encode(), "students.csv").counts["student"] == {"unchanged": 1}


def test_what_somebody_changed_since_is_not_lost(
    brought_in: Bring, roster: Callable[..., Path], registrar: User, later: Callable[..., None]
) -> None:
    run = brought_in(roster())
    later(minutes=1)
    change_student(student=Student.objects.first(), fields={"phone": "1"}, expected_version=None, by=registrar)
    with pytest.raises(errors.ChangedSince):
        services.begin_undo(run=run, by=registrar)
    assert Student.objects.count() == 12
