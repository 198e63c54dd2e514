"""An import leaves nothing behind but its line, its counts and what it wrote: a month after its end, or unconfirmed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import TestCase

from apps.accounts.models import User
from apps.exchange import errors, selectors, services
from apps.exchange.models import Import, ImportRow
from apps.exchange.services import clearing
from apps.students.models import Student
from schoolops import clock
from tests.apps.exchange.test_stopping import broken_off, buried, confirmed

Bring = Callable[..., Import]


def test_files_and_rows_go_and_the_line_stays(
    brought_in: Bring, roster: Callable[..., Path], registrar: User, later: Callable[..., None]
) -> None:
    run = brought_in(roster())
    file, counts = Path(run.file.path), run.counts
    later(days=29)
    assert services.clear_old_imports() == 0
    assert file.exists()
    later(days=2)
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert services.clear_old_imports() == 1
        # Not before the commit: without it the import still has its file.
        assert file.exists()
    assert services.clear_old_imports() == 0
    run.refresh_from_db()
    assert (file.exists(), ImportRow.objects.filter(run=run).count(), run.counts) == (False, 0, counts)
    assert Student.objects.count() == 12
    with pytest.raises(errors.ImportCleared):
        services.begin_undo(run=run, by=registrar)


def test_rows_are_deleted_a_batch_at_a_time(
    brought_in: Bring,
    registrar: User,
    later: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    people.a_school_year()
    run = brought_in(b"Admission number,Given name\nA1,Ada\nA2,Bo\nA3,Cy\n", "students.csv")
    later(days=31)
    monkeypatch.setattr(clearing, "BATCH", 2)
    assert services.clear_old_imports() == 1
    assert not ImportRow.objects.filter(run=run).exists()


@pytest.fixture
def sheet(registrar: User) -> bytes:
    """Two students for a school that has a year."""
    from tests.factories import people  # noqa: PLC0415 - needs a school to be chosen

    people.a_school_year()
    return b"Admission number,Given name,Grade,Section\nA1,Ada,7,B\nA2,Bo,7,B\n"


def kept_until(run: Import) -> Any:
    return selectors.as_they_are(Import.objects.filter(pk=run.pk)).get().kept_until


def test_what_nobody_confirmed_in_a_week_is_set_aside(
    read: Bring, sheet: bytes, registrar: User, later: Callable[..., None]
) -> None:
    run, unreadable = read(sheet, "students.csv"), read(b"Register entry,Forename\n1,Ada\n", "unknown.csv")
    file, until = Path(run.file.path), clock.now() + dt.timedelta(days=7)
    assert (kept_until(run), kept_until(unreadable)) == (until, until)
    later(days=6)
    assert services.clear_old_imports() == 0
    later(days=2)
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert services.clear_old_imports() == 2
    run.refresh_from_db()
    unreadable.refresh_from_db()
    assert (run.state, run.total("create"), unreadable.state) == ("expired", 4, "failed")
    assert (file.exists(), ImportRow.objects.exists(), kept_until(run)) == (False, False, None)
    for step in (
        lambda: services.confirm(run=run, reading=run.reading, by=registrar),
        lambda: services.map_headers(run=run, mapping={}, by=registrar),
        lambda: services.read_and_validate(run=run),
        lambda: services.go_on(run=run, by=registrar),
    ):
        with pytest.raises(errors.ImportNotReady):
            step()


def test_a_week_begins_anew_with_what_somebody_does_about_it(
    read: Bring, sheet: bytes, registrar: User, later: Callable[..., None]
) -> None:
    run = read(sheet, "students.csv")
    later(days=5)
    run = services.read_and_validate(run=services.map_headers(run=run, mapping={}, by=registrar))
    later(days=5)
    assert services.clear_old_imports() == 0
    assert services.confirm(run=run, reading=run.reading, by=registrar).state == "applying"


def test_a_file_whose_reading_still_waits_is_kept_and_one_whose_reading_stopped_is_not(
    read: Bring, sheet: bytes, registrar: User, later: Callable[..., None]
) -> None:
    run = read(sheet, "students.csv")
    run = services.map_headers(run=run, mapping={}, by=registrar, in_background=True)
    run.refresh_from_db()
    later(days=8)
    assert (services.clear_old_imports(), kept_until(run)) == (0, None)
    buried(run)
    assert services.clear_old_imports() == 1
    run.refresh_from_db()
    assert run.state == "expired"


def test_what_stopped_half_way_waits_a_month_to_be_taken_up_or_back(
    read: Bring, sheet: bytes, registrar: User, monkeypatch: pytest.MonkeyPatch, later: Callable[..., None]
) -> None:
    run = confirmed(read(sheet, "students.csv"), registrar)
    broken_off(run, monkeypatch)
    later(days=29)
    assert kept_until(run) is None
    buried(run)
    assert (services.clear_old_imports(), kept_until(run)) == (0, clock.now() + dt.timedelta(days=1))
    later(days=2)
    assert services.clear_old_imports() == 1
    run.refresh_from_db()
    assert (run.state, run.problem["code"], Student.objects.count()) == ("stopped", "exchange:import-stopped", 2)
    for step in (services.go_on, services.begin_undo):
        with pytest.raises(errors.ImportCleared):
            step(run=run, by=registrar)
