"""Days of which none says whether days or months come first: asked once, and known of the next such files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.exchange import errors, services
from apps.exchange.models import Import
from apps.exchange.services.reading import notes
from apps.students.models import Student
from tests.apps.exchange.sending import applied, told, undone
from tests.factories.people import Campus

HEAD = "Admission number,Given name,Birth date,Campus\n"


def _list(campus: Campus, *days: str, number: int = 1) -> bytes:
    code = campus.institution.code
    rows = [f"D-{at},Ada {chr(64 + at)},{day},{code}\n" for at, day in enumerate(days, start=number)]
    return (HEAD + "".join(rows)).encode()


def _said(run: Import, by: User, order: str) -> Import:
    return services.read_and_validate(run=services.map_headers(run=run, mapping={}, day_order=order, by=by))


def _of_days(run: Import) -> list[str]:
    asked = {notes.ORDER, notes.ORDER_SAID, notes.ORDER_ASKED}
    return [each["said"] for each in run.notes if each["said"] in asked]


@pytest.mark.parametrize(("order", "meant"), [("D/M", date(2015, 4, 3)), ("M/D", date(2015, 3, 4))])
def test_it_is_asked_once_and_known_of_the_next_file(
    campus: Campus, registrar: User, read: Callable[..., Import], order: str, meant: date
) -> None:
    run = read(_list(campus, "03/04/2015", "5/5/2014"), "list.csv")
    assert _of_days(run) == [notes.ORDER_ASKED]
    assert told(run) == [(2, "Birth date", "date-ambiguous")]
    run = applied(_said(run, registrar, order))
    assert (_of_days(run), told(run)) == ([notes.ORDER_SAID], [])
    assert Student.objects.get(admission_number="D-1").birth_date == meant
    following = read(_list(campus, "03/04/2015", number=7), "next.csv")
    assert (_of_days(following), told(following)) == ([notes.ORDER_SAID], [])
    applied(following)
    assert Student.objects.get(admission_number="D-7").birth_date == meant
    undone(following)


def test_a_file_that_says_it_itself_is_not_read_as_the_last_one_was(
    campus: Campus, registrar: User, read: Callable[..., Import]
) -> None:
    _said(read(_list(campus, "03/04/2015"), "list.csv"), registrar, "D/M")
    american = applied(read(_list(campus, "03/04/2015", "12/25/2014", number=3), "american.csv"))
    assert (_of_days(american), told(american)) == ([notes.ORDER], [])
    assert Student.objects.get(admission_number="D-3").birth_date == date(2015, 3, 4)
    # Of another kind of file nothing was said.
    staff = read(b"Staff number,Given name,Works from\nS-1,Bob,03/04/2026\n", "staff.csv", source="staff")
    assert _of_days(staff) == [notes.ORDER_ASKED]


def test_what_was_said_can_be_said_otherwise(campus: Campus, registrar: User, read: Callable[..., Import]) -> None:
    _said(read(_list(campus, "03/04/2015"), "list.csv"), registrar, "D/M")
    run = _said(read(_list(campus, "03/04/2015", number=5), "list.csv"), registrar, "M/D")
    applied(run)
    assert Student.objects.get(admission_number="D-5").birth_date == date(2015, 3, 4)
    assert _of_days(read(_list(campus, "03/04/2015", number=6), "list.csv")) == [notes.ORDER_SAID]
    with pytest.raises(errors.MappingRefused):
        _said(read(_list(campus, "1/2/2015", number=9), "x.csv"), registrar, "Y")


def test_a_file_of_two_orders_is_asked_nothing(campus: Campus, read: Callable[..., Import]) -> None:
    run = read(_list(campus, "25/12/2014", "12/25/2014", "03/04/2015"), "list.csv")
    assert _of_days(run) == []
    assert told(run) == [(4, "Birth date", "date-ambiguous")]


def test_days_of_a_bundle_are_asked_for_too(
    registrar: User, read: Callable[..., Import], roster: Callable[..., Path], tmp_path: Path
) -> None:
    def slashed(content: str) -> str:
        head, *lines = content.splitlines()
        place = head.split(",").index("birthDate")
        rows = [line.split(",") for line in lines]
        for row in rows:
            row[place] = row[place] and "03/04/2015"
        return "\n".join([head, *map(",".join, rows)])

    path = tmp_path / "slashed.zip"
    found: dict[str, Any] = {}
    with zipfile.ZipFile(roster(students=3)) as there, zipfile.ZipFile(path, "w") as made:
        for name in there.namelist():
            text = there.read(name).decode()
            found[name] = "birthDate" in text.partition("\n")[0]
            made.writestr(name, slashed(text) if found[name] else text)
    assert any(found.values())
    run = read(path)
    assert _of_days(run) == [notes.ORDER_ASKED]
    assert {code for _, _, code in told(run)} >= {"date-ambiguous"}
    run = _said(run, registrar, "M/D")
    assert _of_days(run) == [notes.ORDER_SAID]
    assert "date-ambiguous" not in {code for _, _, code in told(run)}
