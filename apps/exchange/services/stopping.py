"""One import at a time; one whose job came to nothing is set aside."""

from __future__ import annotations

from apps.exchange import errors
from apps.exchange.models import Import
from apps.exchange.selectors.stops import Stop, left_of, stop_of, stopped
from apps.exchange.services.reading.cells import problem_of

State = Import.State
# One at a time, says the database.
ONE_AT_A_TIME = dict.fromkeys(("import_one_applying", "import_one_undoing"), errors.AnotherImportRuns)


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
        run.problem = problem_of(stopped(stop.why))
    run.save(update_fields=["state", "problem"])
