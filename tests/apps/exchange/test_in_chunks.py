"""Reading, applying and taking back hold nobody for long, and go on where they were killed or their time was over."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections, transaction

from apps.exchange import errors, services
from apps.exchange.models import Counterpart, Import, ImportRow
from apps.exchange.services import applying, staging, turns, undoing
from apps.institutions.models import Institution
from apps.students.models import ClassEnrolment, Student, StudentGuardian
from schoolops import clock
from schoolops.context import inside
from tests.factories import people
from tests.factories.people import SCHOOL_MOMENT
from tests.queues.conftest import ledger

if TYPE_CHECKING:
    from tests.queues.ground import Ledger

__all__ = ["ledger"]


@pytest.fixture
def file(roster: Callable[..., Path]) -> bytes:
    return roster(students=12).read_bytes()


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (staging, applying, undoing):
        monkeypatch.setattr(module, "CHUNK", 8)


@pytest.fixture
def desk(ledger: Ledger) -> Iterator[Ledger]:
    """A school without a row, and what its workers do about the imports of Erin."""
    with inside(ledger.school), clock.frozen(SCHOOL_MOMENT):
        people.a_user("erin", role="administrator")
        yield ledger


def erin() -> Any:
    from apps.accounts.models import User  # noqa: PLC0415 - needs the apps

    return User.objects.get(username="erin")


def sent(content: bytes) -> Import:
    return services.receive(file=io.BytesIO(content), name="roster.zip", by=erin(), in_background=True)


def confirmed(run: Import) -> Import:
    run.refresh_from_db()
    return services.confirm(run=run, reading=run.reading, by=erin(), in_background=True)


def now(run: Import) -> Import:
    return Import.objects.get(pk=run.pk)


def rows_of(run: Import) -> list[Any]:
    names = ("file", "row", "kind", "key", "name", "values", "action", "before", "after", "kept", "errors")
    return list(ImportRow.objects.filter(run=run).order_by("pk").values_list(*names))


def killed_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, place: Callable[..., bool]) -> None:
    """The process dies the first time ``place`` holds of a call, in the middle of its chunk."""
    original = getattr(module, name)
    dead: list[None] = []

    def dying(*args: Any, **more: Any) -> Any:
        result = original(*args, **more)
        if not dead and place(*args):
            dead.append(None)
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(module, name, dying)


def applied(desk: Ledger, content: bytes) -> Import:
    run = sent(content)
    desk.run()
    confirmed(run)
    desk.run()
    assert (now(run).state, now(run).total("error")) == ("applied", 0)
    return now(run)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("_keep", lambda _run, rows: rows[0].kind == "student"),
        ("_compare", lambda _work, kind, _rows: kind == "class"),
        ("_compare", lambda _work, kind, _rows: kind == "guardian"),
        ("_compare", lambda _work, kind, rows: kind == "place" and rows[0].values["group"].endswith("2")),
        ("_compare", lambda _work, kind, _rows: kind == "place"),
    ],
)
def test_a_reading_that_was_killed_comes_to_the_same_rows(
    desk: Ledger, file: bytes, monkeypatch: pytest.MonkeyPatch, name: str, place: Callable[..., bool]
) -> None:
    whole = sent(file)
    desk.run()
    with monkeypatch.context() as patched:
        killed_at(patched, staging, name, place)
        run = sent(file)
        desk.run()
    if now(run).state == "received":
        assert now(run).done > 0
        [outcome] = [each for each in desk.outcomes() if each.job_id == now(run).job_id]
        assert outcome.done > 0
        desk.make_due()
        desk.run()
    assert (now(run).state, now(run).counts) == ("validated", now(whole).counts)
    assert rows_of(run) == rows_of(whole)
    assert now(run).done == now(run).of == now(whole).of


def test_an_undo_that_was_killed_goes_on(desk: Ledger, file: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    run = applied(desk, file)
    killed_at(monkeypatch, undoing, "_remove", lambda _run, table, *_more: table == "student")
    services.begin_undo(run=run, by=erin(), in_background=True)
    desk.run()
    assert (now(run).state, Student.objects.count(), ClassEnrolment.objects.count()) == ("undoing", 12, 0)
    assert 0 < now(run).done < now(run).of
    desk.make_due()
    desk.run()
    assert (now(run).state, now(run).done, now(run).problem) == ("undone", now(run).of, None)
    assert [each.objects.count() for each in (Student, Institution, Counterpart)] == [0, 0, 0]


@pytest.mark.parametrize("step", ["read", "apply", "undo"])
def test_what_takes_longer_than_a_job_may_is_handed_to_the_next_one(
    desk: Ledger, file: bytes, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    run = now(sent(file))
    if step != "read":
        desk.run()
        confirmed(run)
    if step == "undo":
        desk.run()
        services.begin_undo(run=now(run), by=erin(), in_background=True)
    # One chunk is all that a job has time for.
    monkeypatch.setattr(turns, "PATIENCE_S", 0.0)
    came: list[int] = []
    done: list[int] = []
    while jobs := [each.pk for each in desk.jobs()]:
        came += jobs
        desk.run(*jobs)
        done.append(now(run).done)
    assert len(came) > 10
    assert len(set(came)) == len(came)
    assert done == sorted(done)
    assert desk.attempts() == desk.letters() == []
    state = {"read": "validated", "apply": "applied", "undo": "undone"}[step]
    assert (now(run).state, now(run).total("error")) == (state, 0)
    assert Student.objects.count() == (12 if step == "apply" else 0)


def between_chunks(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """``work`` is done after every chunk, by somebody else."""
    passed_on = turns.Turn.passed_on

    def watching(turn: turns.Turn) -> bool:
        work()
        return passed_on(turn)

    monkeypatch.setattr(turns.Turn, "passed_on", watching)


def test_a_roll_waits_for_a_chunk_of_an_undo_and_no_longer(
    desk: Ledger, file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = applied(desk, file)
    free: list[int] = []

    def held_at_once() -> None:
        try:
            with inside(desk.school), transaction.atomic():
                students = Student.objects.select_for_update(nowait=True, no_key=True).order_by("pk")
                free.append(len(list(students.values_list("pk"))))
        finally:
            connections.close_all()

    def another() -> None:
        thread = threading.Thread(target=held_at_once)
        thread.start()
        thread.join()

    services.begin_undo(run=run, by=erin(), in_background=True)
    chunks: list[int] = []
    between_chunks(monkeypatch, lambda: (chunks.append(1), another()))
    desk.run()
    assert now(run).state == "undone"
    assert len(free) == len(chunks) > 20
    assert free[0] == 12
    assert free[-1] == 0


def test_of_two_undos_at_once_one_takes_everything_back_and_the_other_stops(
    desk: Ledger, file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = applied(desk, file)
    services.begin_undo(run=run, by=erin())
    overtaken: list[str] = []

    def after_the_first() -> None:
        if not overtaken:
            overtaken.append(services.undo(run=now(run)).state)

    between_chunks(monkeypatch, after_the_first)
    with pytest.raises(errors.TakenUpElsewhere):
        services.undo(run=run)
    assert overtaken == ["undone"]
    assert (now(run).done, Student.objects.count(), Counterpart.objects.count()) == (now(run).of, 0, 0)


def test_what_somebody_changes_meanwhile_stops_it_there_and_it_is_applied_again(
    desk: Ledger, file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = applied(desk, file)
    services.begin_undo(run=run, by=erin())

    def restricted() -> None:
        last = StudentGuardian.objects.order_by("pk").last()
        StudentGuardian.objects.filter(pk=last.pk if last else 0).update(restriction_note="Court order")

    with monkeypatch.context() as patched:
        between_chunks(patched, restricted)
        stopped = services.undo(run=run)
    assert (stopped.state, stopped.problem["code"]) == ("stopped", "exchange:changed-since")
    assert StudentGuardian.objects.filter(restriction_note="Court order").count() == 1
    assert 0 < stopped.done < stopped.of
    again = services.apply(run=services.go_on(run=stopped, by=erin()))
    assert (again.state, again.done, again.total("error")) == ("applied", again.of, 0)
    assert (Student.objects.count(), ClassEnrolment.objects.count()) == (12, 72)
