"""Where a person set a field and the file says otherwise, whoever brings the file may say that the file is right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.exchange import selectors, services
from apps.exchange.api.serializers import MappingIn
from apps.exchange.errors import MappingRefused
from apps.exchange.models import Counterpart, Import, ImportRow
from apps.students.models import Student
from schoolops.audit.models import AuditEntry
from tests.factories import people

Bring = Callable[..., Import]
HEADER = "Admission number,Given name,Family name,Birth date,Phone\n"
BORN = {f"N{number}": dt.date(2014, 1, number) for number in range(1, 4)}


def sheet(*, month: int = 1, phone: str = "1") -> bytes:
    lines = [
        f"{number},Ada,Byron {number},{day.replace(month=month).isoformat()},{phone}" for number, day in BORN.items()
    ]
    return (HEADER + "\n".join(lines) + "\n").encode()


def born() -> list[dt.date]:
    return list(Student.objects.order_by("admission_number").values_list("birth_date", flat=True))


@pytest.fixture
def by_hand(registrar: User, brought_in: Bring) -> None:
    """Three children whose birth date and phone a person entered."""
    people.a_school_year()
    brought_in(sheet(), "first.csv")
    # Nothing is remembered of what a file said: all of it is a person's.
    Counterpart.objects.all().delete()


def again(run: Import, take: Any, by: User) -> Import:
    return services.read_and_validate(run=services.map_headers(run=run, mapping={}, take=take, by=by))


@pytest.mark.usefixtures("by_hand")
def test_a_column_takes_the_files_and_the_others_stay(read: Bring, registrar: User) -> None:
    run = read(sheet(month=2, phone="2"), "second.csv")
    assert run.counts["student"] == {"unchanged": 3}
    told = [(each.field, each.kept, each.taken) for each in selectors.set_by_hand(run)]
    assert told == [("birth_date", 3, 0), ("phone", 3, 0)]
    run = again(run, {"student.birth_date": True}, registrar)
    assert run.counts["student"] == {"update": 3}
    told = [(each.field, each.kept, each.taken) for each in selectors.set_by_hand(run)]
    assert told == [("birth_date", 0, 3), ("phone", 3, 0)]
    services.confirm(run=run, reading=run.reading, by=registrar)
    services.apply(run=run)
    assert born() == [day.replace(month=2) for day in BORN.values()]
    assert set(Student.objects.values_list("phone", flat=True)) == {"1"}


@pytest.mark.usefixtures("by_hand")
def test_undoing_brings_what_the_person_set_back(read: Bring, registrar: User) -> None:
    run = again(read(sheet(month=2), "second.csv"), {"student.birth_date": True}, registrar)
    services.confirm(run=run, reading=run.reading, by=registrar)
    services.apply(run=run)
    run.refresh_from_db()
    services.begin_undo(run=run, by=registrar)
    services.undo(run=run)
    assert born() == list(BORN.values())
    run = read(sheet(month=2), "third.csv")
    assert [row.kept["birth_date"][0] for row in ImportRow.objects.filter(run=run)] == [
        day.isoformat() for day in BORN.values()
    ]


@pytest.mark.usefixtures("by_hand")
def test_single_rows_take_the_files_however_often_it_is_read(read: Bring, registrar: User) -> None:
    run = read(sheet(month=2), "second.csv")
    second = ImportRow.objects.get(run=run, name__contains="N2")
    run = again(run, {"student.birth_date": [second.pk]}, registrar)
    assert [row.taken for row in ImportRow.objects.filter(run=run)] == [[], ["birth_date"], []]
    run = services.read_and_validate(run=services.map_headers(run=run, mapping={}, by=registrar))
    assert [row.taken for row in ImportRow.objects.filter(run=run)] == [[], ["birth_date"], []]
    line = AuditEntry.objects.filter(action="exchange.headers-mapped").earliest("pk")
    assert line.after["takes"] == {"student.birth_date": ["second.csv:3"]}
    run = again(run, {}, registrar)
    assert run.counts["student"] == {"unchanged": 3}


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("of", ["student.institution", "nobody.birth_date", "student.", "student.birth date"])
def test_what_is_settled_is_not_to_be_taken(read: Bring, registrar: User, of: str) -> None:
    run = read(sheet(month=2), "second.csv")
    with pytest.raises(MappingRefused):
        services.map_headers(run=run, mapping={}, take={of: True}, by=registrar)


@pytest.mark.usefixtures("by_hand")
def test_a_program_asks_for_it_by_kind_and_field(read: Bring, registrar: User, at_oak: Any) -> None:
    run = read(sheet(month=2), "second.csv")
    said = {"mapping": {}, "take": [{"kind": "student", "field": "birth_date"}]}
    talk = at_oak(registrar)
    answer = talk("PUT", f"imports/{run.sourced_id}/mapping", said)
    assert answer.status_code == 202, answer.content
    services.read_and_validate(run=run)
    rows = talk.get(f"imports/{run.sourced_id}/rows").json()["results"]
    assert [row["taken"] for row in rows] == [["birth_date"]] * 3


@pytest.mark.usefixtures("by_hand")
def test_another_kind_of_file_forgets_the_rows_that_were_taken(read: Bring, registrar: User) -> None:
    """The rows of another sheet are other people's."""
    run = read(sheet(month=2), "second.csv")
    row = ImportRow.objects.filter(run=run, kind="student").first()
    run = again(run, {"student.birth_date": [row.pk]}, registrar)
    assert services.map_headers(run=run, mapping={}, source="staff", by=registrar).takes == {}


def test_no_rows_are_not_every_row() -> None:
    sent = [{"kind": "student", "field": "phone", "rows": each} for each in ([], [1], [2])]
    assert MappingIn().validate_take(sent[:1]) == {"student.phone": []}
    assert MappingIn().validate_take(sent) == {"student.phone": [1, 2]}
