"""Whether an import still runs: its job says so, and where there is none, when something was last done about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan

from apps.exchange import errors
from apps.exchange.models import Import, ImportRow
from apps.exchange.services.reading.cells import problem_of
from schoolops import clock
from schoolops.queues.desk.requests import StateOf

State = Import.State
# One at a time, says the database.
ONE_AT_A_TIME = dict.fromkeys(("import_one_applying", "import_one_undoing"), errors.AnotherImportRuns)
RUNNING = (State.RECEIVED, State.APPLYING, State.UNDOING)
# Without a job (`manage.py import_roster`) somebody waits at a terminal; a chunk takes seconds, a reading minutes.
IDLE = dt.timedelta(minutes=15)
GONE = "gone"
WHY = {
    "dead": "its job failed at every try",
    "discarded": "its job was refused",
    "cancelled": "its job was withdrawn",
    GONE: "it was broken off",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """An import that says it runs, and does not: what it was at, and why it stopped, a key of ``WHY``."""

    state: str
    why: str


def with_stops(runs: QuerySet[Any]) -> QuerySet[Any]:
    """``runs`` with ``why``: a key of ``WHY`` where nobody is at one any more, else NULL."""
    since, text = Coalesce("moved_at", "started_at", "received_at"), TextField()
    found = Case(
        *[When(state=State.STOPPED, problem__detail=_said(why).detail, then=Value(why)) for why in WHY],
        When(state=State.STOPPED, then=Value(GONE)),
        When(~Q(state__in=RUNNING), then=Value("")),
        When(job_id__isnull=False, then=Coalesce(StateOf("job_id"), Value(GONE), output_field=text)),
        When(LessThan(since, clock.now() - IDLE), then=Value(GONE)),
        default=Value(""),
        output_field=text,
    )
    # A job that waits, runs, or is tried again has not come to nothing.
    told: QuerySet[Any] = runs.alias(_found=found).annotate(
        why=Case(When(_found__in=WHY, then=F("_found")), output_field=text)
    )
    return told


def stop_of(run: Import) -> Stop | None:
    """Why nobody is at ``run`` any more; ``None``: somebody is, or it is not to be worked at."""
    if run.state not in {*RUNNING, State.STOPPED}:
        return None
    why = with_stops(Import.objects.filter(pk=run.pk)).values_list("why", flat=True).first()
    return None if why is None else Stop(State.APPLYING if run.state == State.STOPPED else run.state, why)


def _said(why: str) -> errors.ImportStopped:
    return errors.ImportStopped(why=WHY[why])


def left_of(run: Import) -> int:
    """How many rows are to be written that are not, or not any more."""
    writes = (ImportRow.Action.CREATE, ImportRow.Action.UPDATE)
    return int(ImportRow.objects.filter(run=run, applied=False, action__in=writes).count())


def before_undo(run: Import) -> str:
    """What an import is that was not taken back after all: applied, or in part."""
    return State.STOPPED if left_of(run) else State.APPLIED


def refuse_two(run: Import) -> None:
    """Nothing, when no other import is being applied or undone. One whose job came to nothing is set aside.

    Raises:
        AnotherImportRuns.
    """
    busy = Import.objects.select_for_update().filter(state__in=(State.APPLYING, State.UNDOING)).exclude(pk=run.pk)
    for other in busy.order_by("pk"):
        stop = stop_of(other)
        if stop is None:
            raise errors.AnotherImportRuns
        set_aside(other, stop)


def set_aside(run: Import, stop: Stop) -> None:
    """Let ``run``, whose row the caller holds, say that nobody applies it or takes it back any more."""
    if stop.state in {State.UNDOING, State.APPLYING}:
        run.state = State.STOPPED if stop.state == State.APPLYING else before_undo(run)
    if run.state == State.STOPPED:
        run.problem = problem_of(_said(stop.why))
    run.save(update_fields=["state", "problem"])
