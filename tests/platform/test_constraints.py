"""What the database refuses is told in the words of a school, and the work around it goes on."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, models

from apps.institutions.models import Institution
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops.constraints import explains
from schoolops.errors import Conflict
from schoolops.tenancy.models import School


class NumberTaken(Conflict):
    """The admission number {number} is taken."""

    code = "tests:number-taken"


class PriorityTaken(Conflict):
    """Two guardians cannot both be called first."""

    code = "tests:priority-taken"


def student(number: str) -> Student:
    institution, _ = Institution.objects.get_or_create(code="MAIN", defaults={"name": "Main campus"})
    return Student.objects.create(institution=institution, given_name="Ines", admission_number=number)


def test_a_named_constraint_becomes_its_error_and_the_transaction_survives(in_oak: School) -> None:
    student("7")
    taken = {"student_admission_number": lambda: NumberTaken(number="7")}
    with pytest.raises(NumberTaken, match="number 7 is taken"), explains(taken):
        student("7")
    assert Student.objects.count() == 1


def test_other_constraints_pass_through(in_oak: School) -> None:
    student("7")
    with pytest.raises(IntegrityError, match="student_admission_number"), explains({"something_else": PriorityTaken}):
        student("7")
    assert Student.objects.count() == 1


def test_a_constraint_that_waits_for_the_end_is_asked_at_the_end_of_the_block(in_oak: School) -> None:
    child = student("7")
    first, second = (
        StudentGuardian.objects.create(
            student=child, guardian=Guardian.objects.create(given_name=name), contact_priority=number
        )
        for number, name in ((1, "Ada"), (2, "Ben"))
    )
    explained = {"guardian_priority_once": PriorityTaken}
    with explains(explained):
        # One after the other, so that both are first for a moment.
        StudentGuardian.objects.filter(pk=second.pk).update(contact_priority=1)
        StudentGuardian.objects.filter(pk=first.pk).update(contact_priority=2)
    with pytest.raises(PriorityTaken), explains(explained):
        StudentGuardian.objects.update(contact_priority=models.Value(1))
    assert sorted(StudentGuardian.objects.values_list("contact_priority", flat=True)) == [1, 2]
    with explains(explained):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
