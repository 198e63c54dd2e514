"""An import that stopped half-way goes on: with the chunk after the last one that was written."""

from __future__ import annotations

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.exchange import errors
from apps.exchange.models import Import
from apps.exchange.selectors.stops import stop_of
from apps.exchange.services.receiving import RUN
from apps.exchange.services.stopping import ONE_AT_A_TIME, refuse_two
from apps.exchange.services.turns import AGAIN
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.constraints import explains


@transaction.atomic
def go_on(*, run: Import, by: User, in_background: bool = False) -> Import:
    """Let an import whose job came to nothing be read, applied or taken back after all, by a job of its own.

    Where an operator has sent the old job back meanwhile, it runs, and there is nothing to go on with; where both
    happen at once, the old job finds that it is no longer the import's.

    Raises:
        PermissionMissing, ImportNotReady, ImportCleared, AnotherImportRuns.
    """
    access.require_everywhere(by, RUN)
    run = Import.objects.select_for_update().get(pk=run.pk)
    stop = stop_of(run)
    if stop is None:
        raise errors.ImportNotReady(state=run.state)
    if run.cleared_at is not None:
        raise errors.ImportCleared
    if stop.state != Import.State.RECEIVED:
        refuse_two(run)
    run.state, run.by, run.job_id, run.problem, run.moved_at = stop.state, by, None, None, clock.now()
    with explains(ONE_AT_A_TIME):
        run.save(update_fields=["state", "by", "job_id", "problem", "moved_at"])
    trail.record(by, "exchange.import-resumed", run, after={"from": run.done, "of": run.of, "stopped": stop.why})
    if in_background:
        events.publish(AGAIN[stop.state](run.pk))
    return run
