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
from apps.students.models import ClassEnrolment, Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from apps.students.services import change_student
from schoolops.audit import trail

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


def test_a_restriction_set_since_is_never_deleted(
    brought_in: Bring, roster: Callable[..., Path], registrar: User
) -> None:
    run = brought_in(roster())
    link = StudentGuardian.objects.first()
    # Without a line of the trail, as while somebody's change is under way.
    begun = services.begin_undo(run=run, by=registrar)
    StudentGuardian.objects.filter(pk=link.pk).update(restriction_note="Court order")
    run = services.undo(run=begun)
    assert (run.state, run.problem["code"]) == ("applied", "exchange:changed-since")
    assert StudentGuardian.objects.get(pk=link.pk).restriction_note == "Court order"
    assert Student.objects.count() == 12


def test_what_is_told_of_the_student_counts_for_their_links(
    brought_in: Bring, registrar: User, later: Callable[..., None]
) -> None:
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    people.a_school_year()
    brought_in(b"Admission number,Given name\nA1,Ada\n", "students.csv")
    later(minutes=1)
    sheet = "Student’s admission number,Given name,Family name,Phone\nA1,Bo,Byron,1\n"
    run = brought_in(sheet.encode(), "guardians.csv")
    later(minutes=1)
    trail.record(registrar, "students.guardian-link-changed", Student.objects.get(), after={"lives_with": False})
    with pytest.raises(errors.ChangedSince):
        services.begin_undo(run=run, by=registrar)


def test_what_is_in_use_is_seen_before_anything_is_taken_back(
    brought_in: Bring, roster: Callable[..., Path], registrar: User
) -> None:
    from tests.factories import rolls  # noqa: PLC0415 - needs a school to be chosen

    run = brought_in(roster())
    rolls.take(SectionMembership.objects.first().section, by=registrar)
    before = {model.__name__: model.objects.count() for model in EVERYTHING}
    with pytest.raises(errors.ChangedSince):
        services.begin_undo(run=run, by=registrar)
    Import.objects.filter(pk=run.pk).update(state="undoing", by=registrar, done=0)
    refused = services.undo(run=run)
    assert (refused.state, refused.problem["code"]) == ("applied", "exchange:changed-since")
    assert {model.__name__: model.objects.count() for model in EVERYTHING} == before


def test_what_imports_remember_is_as_before_too(brought_in: Bring, registrar: User) -> None:
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    campus = people.a_school_year()
    (owen,) = people.some_students(1, section=campus.sections["7 B"])
    Student.objects.filter(pk=owen.pk).update(given_name="Owen")
    number = owen.admission_number
    first = f"Admission number,Given name,Phone\n{number},Owen,0171 555\n".encode()
    undone(brought_in(first, "first.csv"), registrar)
    assert not Counterpart.objects.filter(kind="student").exists()
    run = brought_in(f"Admission number,Given name\n{number},Owain\n".encode(), "second.csv")
    assert (run.counts["student"], Student.objects.get().given_name) == ({"unchanged": 1}, "Owen")
