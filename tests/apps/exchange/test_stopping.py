"""An import whose job came to nothing blocks no other, goes on where it stood, or is taken back as far as it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.exchange import errors, services
from apps.exchange.models import Counterpart, Import
from apps.exchange.selectors.stops import stop_of
from apps.exchange.services import applying
from apps.staff.models import StaffMember
from apps.students.models import ClassEnrolment, Student
from schoolops.context import outside_schools
from schoolops.queues import IMPORTS, job
from schoolops.queues.errors import LedgerFull
from schoolops.queues.models import Job, Outcome

Read = Callable[..., Import]
Roster = Callable[..., Path]


def confirmed(run: Import, by: User) -> Import:
    run = services.confirm(run=run, reading=run.reading, by=by, in_background=True)
    run.refresh_from_db()
    return run


def buried(run: Import) -> None:
    """Its job failed at every try: as the statement that writes the dead letter leaves it."""
    with outside_schools():
        Job.objects.filter(pk=run.job_id).delete()
        Outcome.objects.update_or_create(
            job_id=run.job_id,
            defaults={
                "school": "oak", "queue": IMPORTS.name, "task": "apps.exchange.apply_import", "state": "dead",
                "expires_at": "2030-01-01T00:00:00Z",
            },
        )  # fmt: skip


def broken_off(run: Import, monkeypatch: pytest.MonkeyPatch, *, before: str = "place") -> None:
    """Apply until the first chunk of ``before``, and die there."""
    written = applying._write

    def killed(work: Any, kind: str, rows: Any) -> None:
        if kind == before:
            raise KeyboardInterrupt
        written(work, kind, rows)

    with monkeypatch.context() as patched:
        patched.setattr(applying, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            services.apply(run=run)


@contextmanager
def as_job(number: int) -> Iterator[None]:
    from apps.exchange.tasks import apply_import  # noqa: PLC0415 - needs the apps

    with job.holding(job.Running(number, apply_import, "oak", 1, "", tracked=False)):
        yield


def test_it_goes_on_from_the_chunk_it_reached(
    read: Read, roster: Roster, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = confirmed(read(roster()), registrar)
    assert stop_of(run) is None
    with pytest.raises(errors.ImportNotReady):
        services.go_on(run=run, by=registrar)
    broken_off(run, monkeypatch)
    buried(run)
    run.refresh_from_db()
    stop = stop_of(run)
    assert stop is not None
    assert (stop.state, stop.why) == ("applying", "dead")
    assert 0 < run.done < run.of
    done = run.done
    run = services.go_on(run=run, by=registrar, in_background=True)
    run.refresh_from_db()
    assert (stop_of(run), run.done) == (None, done)
    run = services.apply(run=run)
    assert (run.state, run.total("error"), ClassEnrolment.objects.count()) == ("applied", 0, 72)


def test_an_outage_is_no_error_of_a_row(
    read: Read, roster: Roster, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is full while students are written: the try ends, no row is marked, and the next try writes all."""
    run = confirmed(read(roster()), registrar)
    written, full = applying._write_all, [True]

    def once(work: Any, kind: str, rows: Any) -> None:
        written(work, kind, rows)
        if kind == "student" and full:
            full.clear()
            raise LedgerFull

    monkeypatch.setattr(applying, "_write_all", once)
    with as_job(run.job_id), pytest.raises(LedgerFull):
        services.apply(run=run)
    assert not run.rows.filter(action="error").exists()
    with as_job(run.job_id):
        run = services.apply(run=run)
    assert (run.state, run.total("error")) == (Import.State.APPLIED, 0)
    assert Student.objects.count() > 0


def test_and_it_is_taken_back_as_far_as_it_came(
    read: Read, roster: Roster, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = confirmed(read(roster()), registrar)
    broken_off(run, monkeypatch)
    buried(run)
    assert Student.objects.count() == 12
    run = services.undo(run=services.begin_undo(run=run, by=registrar))
    assert (run.state, run.problem) == ("undone", None)
    assert (Student.objects.count(), StaffMember.objects.count(), Counterpart.objects.count()) == (0, 0, 0)


def test_another_import_sets_it_aside_and_it_still_goes_on(
    read: Read, roster: Roster, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = confirmed(read(roster(seed=1)), registrar), read(roster(seed=2))
    broken_off(first, monkeypatch)
    with pytest.raises(errors.AnotherImportRuns):
        confirmed(second, registrar)
    buried(first)
    services.confirm(run=second, reading=second.reading, by=registrar)
    first.refresh_from_db()
    stop = stop_of(first)
    assert (first.state, stop and stop.why) == ("stopped", "dead")
    assert first.problem is not None
    assert first.problem["code"] == "exchange:import-stopped"
    with pytest.raises(errors.AnotherImportRuns):
        services.go_on(run=first, by=registrar)
    services.apply(run=second)
    run = services.apply(run=services.go_on(run=first, by=registrar))
    assert (run.state, run.problem) == ("applied", None)


def test_an_undo_that_stopped_left_everything_and_blocks_nobody(read: Read, roster: Roster, registrar: User) -> None:
    run = services.apply(run=confirmed(read(roster()), registrar))
    run = services.begin_undo(run=run, by=registrar, in_background=True)
    run.refresh_from_db()
    buried(run)
    other = read(roster(seed=2))
    services.confirm(run=other, reading=other.reading, by=registrar)
    run.refresh_from_db()
    assert (run.state, Student.objects.count()) == ("applied", 12)


def test_a_reading_that_stopped_begins_anew(read: Read, registrar: User) -> None:
    run = read(b"Admission number,Given name\nA1,Ada\n", "students.csv")
    run = services.map_headers(run=run, mapping={"Given name": "given_name"}, by=registrar, in_background=True)
    run.refresh_from_db()
    buried(run)
    stop = stop_of(run)
    assert (stop and stop.state) == "received"
    run = services.go_on(run=run, by=registrar, in_background=True)
    run.refresh_from_db()
    assert stop_of(run) is None
    assert services.read_and_validate(run=run).state == "validated"


def test_without_a_job_a_quarter_of_an_hour_of_silence_says_it(
    read: Read, roster: Roster, registrar: User, later: Callable[..., None]
) -> None:
    run = read(roster())
    run = services.confirm(run=run, reading=run.reading, by=registrar)
    later(minutes=14)
    assert stop_of(run) is None
    later(minutes=2)
    stop = stop_of(run)
    assert (stop and stop.why) == "gone"


def test_a_job_that_an_operator_sent_back_meanwhile_leaves_it_to_the_new_one(
    read: Read, roster: Roster, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = confirmed(read(roster()), registrar)
    old = run.job_id
    assert old is not None
    broken_off(run, monkeypatch)
    buried(run)
    run = services.go_on(run=run, by=registrar, in_background=True)
    run.refresh_from_db()
    with as_job(old), pytest.raises(errors.ImportNotReady):
        services.apply(run=run)
    assert ClassEnrolment.objects.count() == 0
    assert services.apply(run=run).total("error") == 0


def test_whoever_was_at_it_before_stops_at_the_next_chunk(
    read: Read, roster: Roster, registrar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = confirmed(read(roster()), registrar)
    written = applying._write

    def overtaken(work: Any, kind: str, rows: Any) -> None:
        if kind == "student":
            # Its lease ran out, and another worker has everything written by now.
            with monkeypatch.context() as patched:
                patched.setattr(applying, "_write", written)
                assert services.apply(run=Import.objects.get(pk=run.pk)).state == "applied"
        written(work, kind, rows)

    monkeypatch.setattr(applying, "_write", overtaken)
    with pytest.raises(errors.TakenUpElsewhere):
        services.apply(run=run)
    run.refresh_from_db()
    assert (run.state, run.total("error"), Student.objects.count()) == ("applied", 0, 12)


def test_a_reading_that_nobody_saw_is_not_confirmed(read: Read, registrar: User) -> None:
    run = read(b"Admission number,Given name\nA1,Ada\n", "students.csv")
    seen = run.reading
    services.read_and_validate(run=run)
    with pytest.raises(errors.ReadAnew):
        services.confirm(run=run, reading=seen, by=registrar)
    assert services.confirm(run=run, reading=seen + 1, skip_errors=True, by=registrar).state == "applying"
