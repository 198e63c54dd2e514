"""What an import leaves behind is cleared once nobody goes on with it: other people's files are full of people."""

from __future__ import annotations

from django.db import transaction

from apps.exchange.models import Import, ImportRow, MarkFile, MarkFileRow
from apps.exchange.selectors.stops import WROTE_NOTHING, stop_of, with_ends
from apps.exchange.services.stopping import set_aside
from schoolops import clock, files
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM

State = Import.State
UNDECIDED = (State.RECEIVED, State.VALIDATED)
# The rest waits for tomorrow.
MOST, BATCH = 20, 5_000


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


@transaction.atomic
def clear_old_marks() -> int:
    """Delete the file and the rows of sheets of marks that were sent a week ago; returns how many sheets.

    What was entered stands in the history of the marks.
    """
    old = MarkFile.objects.filter(cleared_at__isnull=True, received_at__lt=clock.now() - WROTE_NOTHING)
    runs = list(old.select_for_update(skip_locked=True, no_key=True).order_by("pk")[:MOST])
    for run in runs:
        files.forget(run.file)
        MarkFileRow.objects.filter(run=run).delete()
        run.cleared_at = clock.now()
        run.save(update_fields=["file", "cleared_at"])
        trail.record(SYSTEM, "exchange.marks-cleared", run, before={"state": run.state})
    return len(runs)
