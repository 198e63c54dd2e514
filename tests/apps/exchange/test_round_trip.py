"""Out, into a fresh school, and out again: the same. Back into its own school: nothing to do."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.demo.services.rosters import Wanted, write_roster
from apps.exchange import services
from apps.exchange.models import Import, ImportRow
from apps.students.models import Student, StudentGuardian
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.apps.exchange.sending import Read, applied, sent
from tests.factories import people

Bring = Callable[..., Import]


def exported(by: User) -> dict[str, str]:
    """File of the bundle → its text."""
    target = io.BytesIO()
    services.export_bundle(into=target, by=by)
    with zipfile.ZipFile(target) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def packed(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return target.getvalue()


def brought_into(school: School, content: bytes, by_name: str) -> dict[str, str]:
    """What a school exports after it imported ``content``."""
    with inside(school):
        by = User.objects.filter(username=by_name).first() or people.a_user(by_name, role="administrator")
        run = services.receive(file=io.BytesIO(content), name="roster.zip", by=by)
        run = services.read_and_validate(run=run)
        assert run.problem is None
        wrong = list(ImportRow.objects.filter(run=run, action="error").values_list("file", "row", "errors")[:5])
        assert not wrong
        services.confirm(run=run, reading=run.reading, by=by)
        run = services.apply(run=run)
        assert run.total("error") == 0
        return exported(by)


@pytest.fixture
def two_empty_schools(db: None, oak: School, elm: School) -> tuple[School, School]:
    return oak, elm


def test_our_own_export_says_unchanged(brought_in: Bring, roster: Callable[..., Path], registrar: User) -> None:
    brought_in(roster(20))
    run = brought_in(packed(exported(registrar)), "roster.zip")
    assert run.total("create") + run.total("update") + run.total("error") == 0
    assert run.counts["student"] == {"unchanged": 20}


def test_what_people_made_by_hand_is_exported_and_unchanged_too(campus: Any, registrar: User, read: Bring) -> None:
    people.a_guardian("carol", of=[people.students_in(campus.section)[0]])
    run = read(packed(exported(registrar)), "roster.zip")
    assert run.total("create") + run.total("update") + run.total("error") == 0
    assert run.counts["student"] == {"unchanged": 15}


def test_who_teaches_and_is_a_parent_comes_back_as_both(registrar: User, read: Read) -> None:
    applied(sent(read, "teacher-and-parent.zip"))
    run = read(packed(exported(registrar)), "roster.zip")
    assert run.total("create") + run.total("update") + run.total("error") == 0


def test_a_guardian_whom_a_court_keeps_away_stays_away(campus: Any, registrar: User, elm: School) -> None:
    people.a_guardian("carol", of=[people.students_in(campus.section)[0]])
    StudentGuardian.objects.update(restriction_note="By order")
    content = packed(exported(registrar))
    brought_into(elm, content, "emil")
    with inside(elm):
        assert not StudentGuardian.objects.get().may_see


def test_a_formula_leaves_as_text_and_comes_back_as_it_was(campus: Any, registrar: User) -> None:
    Student.objects.filter(pk=people.students_in(campus.section)[0].pk).update(family_name="=1+1", phone="+44 20 7946")
    rows = list(csv.DictReader(io.StringIO(exported(registrar)["users.csv"])))
    row = next(each for each in rows if "1+1" in each["familyName"])
    assert (row["familyName"], row["phone"]) == ("'=1+1", "+44 20 7946")


SIZES = st.tuples(st.integers(1, 30), st.integers(0, 10_000), st.integers(1, 5))
WRITTEN = st.tuples(st.sampled_from(["1.1", "1.2"]), st.booleans())


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=SIZES, written=WRITTEN)
def test_any_roster_survives_the_way_out_and_in(
    two_empty_schools: tuple[School, School], tmp_path: Path, school_day: Any, size: Any, written: Any
) -> None:
    oak, elm = two_empty_schools
    (students, seed, many), (version, quirks) = size, written
    path = tmp_path / "roster.zip"
    write_roster(path, Wanted(students, seed, school_day, version, quirks, enrolments=many))
    with transaction.atomic():
        first = brought_into(oak, path.read_bytes(), "olga")
        second = brought_into(elm, packed(first), "emil")
        third = brought_into(oak, packed(second), "olga")
        transaction.set_rollback(True)
    assert second == first
    assert third == first
