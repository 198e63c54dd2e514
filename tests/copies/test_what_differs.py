"""What changed since a copy was made is said by table and by row, and nothing that a restoration itself writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command

from apps.students.models import Guardian, Student
from schoolops.context import inside, nowhere
from schoolops.copies import comparing
from schoolops.copies.comparing import Difference
from schoolops.copies.errors import NoSuchTable
from schoolops.privacy import WITHHELD
from schoolops.tenancy.models import School


def test_rows_that_came_went_and_changed(maple: School, restored: Callable[..., School]) -> None:
    then = restored("maple-then")
    # The line that says of the copy that it is one.
    alike = Difference("audit_auditentry", 0, 1, 0)
    assert comparing.differences(maple, then) == [alike]
    with inside(maple):
        gone = Guardian.objects.create(given_name="Zoe", family_name="Zhu", email="zoe@example.org")
    with inside(then):
        ahmed, other = Student.objects.order_by("pk")[:2]
        Student.objects.filter(pk=ahmed.pk).update(family_name="Other")
        Student.objects.filter(pk=other.pk).update(medical_note="asthma")
    try:
        assert comparing.differences(maple, then) == [
            alike, Difference("students_guardian", 1, 0, 0), Difference("students_student", 0, 0, 2)
        ]  # fmt: skip
        (row,) = comparing.rows(maple, then, table="students_guardian")
        assert (row["key"], row["then"], row["now"]["given_name"]) == ([gone.pk], None, "Zoe")
        out = StringIO()
        with nowhere():
            call_command("school", "diff", "maple", "maple-then", "--table", "students_student", stdout=out)
        changed = {row["key"][0]: row for row in map(json.loads, out.getvalue().splitlines())}
        assert changed[ahmed.pk]["then"]["family_name"] == "Other"
        assert changed[ahmed.pk]["now"]["family_name"] == ahmed.family_name
        assert changed[other.pk]["then"]["medical_note"] == WITHHELD
        out = StringIO()
        with nowhere():
            call_command("school", "diff", "maple", "maple-then", stdout=out)
        assert "3 tables differ" in out.getvalue()
    finally:
        with inside(maple):
            gone.delete()
    for table in ("accounts_token", "nothing"):
        with pytest.raises(NoSuchTable):
            list(comparing.rows(maple, then, table=table))
