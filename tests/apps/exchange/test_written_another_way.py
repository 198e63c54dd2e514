"""A file that writes a number or a section another way than we do means the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.exchange.models import Import, ImportRow
from apps.students.models import Student
from tests.factories.people import Campus

HEAD = "Admission number,Given name,Family name,Grade,Section\n"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("GRÜß-7", "GRÜß-7"),
        ("GRÜß-7", "grüss-7"),
        ("O7B01", "O٧B٠١"),
        ("ÉTÉ-1", "E\N{COMBINING ACUTE ACCENT}te\N{COMBINING ACUTE ACCENT}-1"),
        ("İST-1", "ist‑1"),
    ],
)
def test_a_student_is_known_again_by_the_number(
    campus: Campus, brought_in: Callable[..., Import], read: Callable[..., Import], first: str, again: str
) -> None:
    def file(number: str, section: str) -> bytes:
        return f"{HEAD}{number},Ute,Groß,07,{section}\n".encode()

    brought_in(file(first, "B"), "students.csv", source="students", institution=campus.institution)
    student = Student.objects.get(family_name="Groß")
    run = read(file(again, "7B"), "students.csv", source="students", institution=campus.institution)
    rows = dict(ImportRow.objects.filter(run=run).values_list("kind", "action"))
    assert not [each for each in ImportRow.objects.filter(run=run) if each.errors]
    assert rows["student"] in ({"unchanged"} if first == again else {"unchanged", "update"})
    assert ImportRow.objects.get(run=run, kind="student").target_id == student.pk
    assert rows["place"] == "unchanged"


@pytest.mark.parametrize("length", [90, 100, 101, 110, 300])
def test_a_file_with_a_long_name_is_read(campus: Campus, brought_in: Callable[..., Import], length: int) -> None:
    content = f"{HEAD}L-1,Ada,Long,07,B\n".encode()
    run = brought_in(content, "L" * length + ".csv", source="students", institution=campus.institution)
    assert Student.objects.filter(admission_number="L-1").exists()
    assert run.file_name.endswith("L.csv")
