"""Whether an import still runs: its job says so, and where there is none, when something was last done about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, DateTimeField, ExpressionWrapper, F, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan

from apps.exchange import errors
from apps.exchange.models import Import, ImportRow
from schoolops import clock
from schoolops.queues.desk.requests import StateOf

State = Import.State
RUNNING = (State.RECEIVED, State.APPLYING, State.UNDOING)
# Without a job (`manage.py import_roster`) somebody waits at a terminal; a chunk takes seconds, a reading minutes.
IDLE = dt.timedelta(minutes=15)
# What wrote something may be taken back for a month; what wrote nothing is read again in no time.
WROTE, WROTE_NOTHING = dt.timedelta(days=30), dt.timedelta(days=7)
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
        *[When(state=State.STOPPED, problem__detail=stopped(why).detail, then=Value(why)) for why in WHY],
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


def with_ends(runs: QuerySet[Any]) -> QuerySet[Any]:
    """``runs`` with ``kept_until``, the moment from which file and rows are cleared, and ``why`` of ``with_stops``.

    NULL: cleared already, or somebody is at it.
    """
    since, moment = Coalesce("moved_at", "finished_at", "received_at"), DateTimeField()
    ended = Q(state__in=(State.APPLIED, State.UNDONE, State.STOPPED)) | Q(
        state__in=(State.APPLYING, State.UNDOING), why__isnull=False
    )
    idle = Q(state__in=(State.VALIDATED, State.FAILED)) | Q(state=State.RECEIVED, why__isnull=False)
    found: QuerySet[Any] = with_stops(runs).annotate(
        kept_until=Case(
            When(cleared_at__isnull=False, then=Value(None)),
            When(idle, then=ExpressionWrapper(since + Value(WROTE_NOTHING), output_field=moment)),
            When(ended, then=ExpressionWrapper(since + Value(WROTE), output_field=moment)),
            default=Value(None),
            output_field=moment,
        )
    )
    return found


def stop_of(run: Import) -> Stop | None:
    """Why nobody is at ``run`` any more; ``None``: somebody is, or it is not to be worked at."""
    if run.state not in {*RUNNING, State.STOPPED}:
        return None
    why = with_stops(Import.objects.filter(pk=run.pk)).values_list("why", flat=True).first()
    return None if why is None else Stop(State.APPLYING if run.state == State.STOPPED else run.state, why)


def stopped(why: str) -> errors.ImportStopped:
    """What is said of an import that stopped; ``why``: a key of ``WHY``."""
    return errors.ImportStopped(why=WHY[why])


def left_of(run: Import) -> int:
    """How many rows are to be written that are not, or not any more."""
    writes = (ImportRow.Action.CREATE, ImportRow.Action.UPDATE)
    return int(ImportRow.objects.filter(run=run, applied=False, action__in=writes).count())
