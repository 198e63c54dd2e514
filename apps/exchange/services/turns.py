"""Whoever is at an import has a turn: chunk by chunk, each a transaction, and an earlier one stops at its next chunk.

Reading, applying and taking back go on where they stood when they are killed, and are handed to another job before the
time of one is over: how long an import takes is no matter of how long a job may.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from apps.exchange import errors
from apps.exchange.events import ImportConfirmed, ImportReceived, UndoBegun
from apps.exchange.models import Import
from schoolops import clock, events, queues
from schoolops.tenancy.compiled import KEY, Compiled, Parameter
from schoolops.tenancy.prepared import Statement

State = Import.State
# What to publish so that a job goes on with an import in this state.
AGAIN: Mapping[str, Any] = {
    State.RECEIVED: ImportReceived,
    State.APPLYING: ImportConfirmed,
    State.UNDOING: UndoBegun,
}
# A chunk takes seconds.
PATIENCE_S = queues.IMPORTS.timeout_s / 2
# Both are asked for each chunk. Not the strongest lock: every row that is kept checks its key against this one, a
# thousand at a time.
_HELD: Compiled[tuple[int, str]] = Compiled(
    lambda: Import.objects.select_for_update(no_key=True).filter(pk=Parameter("pk", KEY)).values_list("turn", "state"),
    waits=True,
)
_WENT_ON = Statement(
    "UPDATE exchange_import SET done = done + %(rows)s::int, moved_at = %(now)s::timestamptz,"
    " wrote_at = CASE WHEN %(wrote)s::boolean THEN %(now)s::timestamptz ELSE wrote_at END"
    " WHERE id = %(pk)s::bigint RETURNING id",
    waits=True,
)


class Turn:
    """Our turn at ``run``, which is in ``state`` until it is over."""

    def __init__(self, run: Import) -> None:
        assert run.by is not None  # noqa: S101 - narrows the type; taking it up refuses what is nobody's
        self.run, self.state, self.by = run, run.state, run.by
        self._began = time.monotonic()

    @contextmanager
    def chunk(self) -> Iterator[None]:
        """A transaction in which nobody else is at the import.

        Raises:
            TakenUpElsewhere: somebody else goes on with it, and nothing of ours is kept.
        """
        with transaction.atomic():
            self.hold()
            yield

    def hold(self) -> None:
        """Raises ``TakenUpElsewhere``."""
        if _HELD.first(pk=self.run.pk) != (self.run.turn, self.state):
            raise errors.TakenUpElsewhere

    def went_on(self, rows: int) -> None:
        """So many rows more are done; shown once the chunk is committed."""
        _WENT_ON.rows(rows=rows, now=clock.now(), wrote=self.state == State.APPLYING, pk=self.run.pk)
        self.run.done += rows

    def passed_on(self) -> bool:
        """Say how far it is; where a job of ours has been at it for long, let another go on. Then ours is over."""
        queues.progress(self.run.done, self.run.of)
        if queues.job_or_none() is None or time.monotonic() - self._began < PATIENCE_S:
            return False
        with queues.finishing():
            self.hold()
            events.publish(AGAIN[self.state](self.run.pk))
        return True


@transaction.atomic
def take_up(run: Import, states: Iterable[str]) -> Turn:
    """From now on whoever was at this import before stops at its next chunk.

    Raises:
        ImportNotReady: there is nothing to do, or another job was asked to.
    """
    run = Import.objects.select_for_update(of=("self",)).select_related("by", "institution").get(pk=run.pk)
    if run.state not in set(states) or queues.job_or_none() not in {None, run.job_id}:
        raise errors.ImportNotReady(state=run.state)
    if run.by is None:
        raise errors.ImportNotReady(state="nobody’s any more")
    run.turn, run.moved_at = run.turn + 1, clock.now()
    run.save(update_fields=["turn", "moved_at"])
    return Turn(run)
