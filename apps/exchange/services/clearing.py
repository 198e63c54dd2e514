"""What an import leaves behind is cleared once nobody would take it back: other people's files are full of people."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models.functions import Coalesce

from apps.exchange.models import Import, ImportRow
from schoolops import clock
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM

KEPT = dt.timedelta(days=30)
FINISHED = (Import.State.APPLIED, Import.State.UNDONE, Import.State.FAILED)
# The rest waits for tomorrow.
MOST, BATCH = 20, 5_000


@transaction.atomic
def clear_old_imports() -> int:
    """Delete the file and the rows of imports that came to their end ``KEPT`` ago; returns how many imports.

    The import itself stays, with its counts and what the trail says of it. It can no longer be taken back.
    """
    ended = Coalesce("moved_at", "finished_at", "received_at")
    old = Import.objects.alias(ended_at=ended).filter(
        state__in=FINISHED, cleared_at__isnull=True, ended_at__lt=clock.now() - KEPT
    )
    # One that somebody is at right now is old tomorrow as well.
    runs = list(old.select_for_update(skip_locked=True).order_by("pk")[:MOST])
    for run in runs:
        rows = _clear(run)
        trail.record(SYSTEM, "exchange.import-cleared", run, after={"rows": rows})
    return len(runs)


def _clear(run: Import) -> int:
    # The file first: where this is undone, it is deleted again next time, which does no harm.
    if run.file:
        run.file.delete(save=False)
    cleared = 0
    while keys := list(ImportRow.objects.filter(run=run).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        cleared += ImportRow.objects.filter(pk__in=keys).delete()[0]
    run.cleared_at, run.headers = clock.now(), []
    run.save(update_fields=["file", "cleared_at", "headers"])
    return cleared
