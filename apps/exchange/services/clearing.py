"""What an import leaves behind is cleared once nobody goes on with it: other people's files are full of people."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Case, DateTimeField, ExpressionWrapper, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from apps.exchange.models import Import, ImportRow
from apps.exchange.services.stopping import set_aside, stop_of, with_stops
from schoolops import clock, files
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM

State = Import.State
# What wrote something may be taken back for a month; what wrote nothing is read again in no time.
WROTE, WROTE_NOTHING = dt.timedelta(days=30), dt.timedelta(days=7)
UNDECIDED = (State.RECEIVED, State.VALIDATED)
# The rest waits for tomorrow.
MOST, BATCH = 20, 5_000


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


@transaction.atomic
def clear_old_imports() -> int:
    """Delete the file and the rows of imports that nobody went on with in time; returns how many imports.

    The import itself stays, with its counts and what the trail says of it. Nothing more can be done with it.
    """
    old = with_ends(Import.objects.all()).filter(kept_until__lt=clock.now())
    # One that somebody is at right now is old tomorrow as well.
    runs = list(old.select_for_update(skip_locked=True).order_by("pk")[:MOST])
    for run in runs:
        before = run.state
        if (stop := stop_of(run)) is not None:
            set_aside(run, stop)
        rows = _clear(run)
        trail.record(SYSTEM, "exchange.import-cleared", run, before={"state": before}, after={"rows": rows})
    return len(runs)


def _clear(run: Import) -> int:
    files.forget(run.file)
    cleared = 0
    while keys := list(ImportRow.objects.filter(run=run).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        cleared += ImportRow.objects.filter(pk__in=keys).delete()[0]
    if run.state in UNDECIDED:
        run.state = State.EXPIRED
    run.cleared_at, run.headers = clock.now(), []
    run.save(update_fields=["file", "cleared_at", "headers", "state"])
    return cleared
