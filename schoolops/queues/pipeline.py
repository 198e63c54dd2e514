"""A job's life, arrow by arrow. Every arrow counts itself and has one log line; the chaos test kills inside each.

enqueue → pick → publish → receive → claim → effect → finish
                              ↘ retry ↘ bury ↘ discard       (the body failed, for the last time, or was refused)
promote (its moment has come) · again (came to nothing, published anew) · suspect (its process died)
revive (an operator sent a dead letter back) · cancel
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from schoolops.observability import telemetry
from schoolops.observability.metrics import JOB_STEPS

log = logging.getLogger("schoolops.queues")


@dataclass(frozen=True, slots=True)
class Arrow:
    """One step of a job's life; ``level`` is that of its log line."""

    name: str
    meaning: str
    level: int = logging.DEBUG


ENQUEUE = Arrow("enqueue", "written into the ledger, in the caller's transaction")
PROMOTE = Arrow("promote", "its moment has come")
PICK = Arrow("pick", "chosen by the relay, fairly between schools")
PUBLISH = Arrow("publish", "handed to the broker")
AGAIN = Arrow("again", "came to nothing and is published anew", logging.WARNING)
RECEIVE = Arrow("receive", "arrived at a worker")
CLAIM = Arrow("claim", "taken out of the ledger, not yet committed; or leased")
EFFECT = Arrow("effect", "the body ran, nothing is committed yet")
FINISH = Arrow("finish", "effect and end committed together", logging.INFO)
RETRY = Arrow("retry", "failed, and waits for its next try", logging.WARNING)
BURY = Arrow("bury", "moved to the dead letters", logging.ERROR)
DISCARD = Arrow("discard", "refused for a reason that retrying does not change", logging.INFO)
SUSPECT = Arrow("suspect", "its process died while running it", logging.WARNING)
REVIVE = Arrow("revive", "sent back from the dead letters", logging.INFO)
CANCEL = Arrow("cancel", "withdrawn before it began", logging.INFO)

ARROWS: tuple[Arrow, ...] = (
    ENQUEUE, PROMOTE, PICK, PUBLISH, AGAIN, RECEIVE, CLAIM, EFFECT, FINISH,
    RETRY, BURY, DISCARD, SUSPECT, REVIVE, CANCEL,
)  # fmt: skip

# Those whose rates /health/queues shows, of all processes together.
RATED = frozenset({ENQUEUE, FINISH, BURY})

_barrier: Callable[[str], None] | None = None


def rate_name(arrow: Arrow, queue: str) -> str:
    """What the telemetry buffer counts this arrow of this queue under."""
    return f"jobs.{arrow.name}.{queue}"


def step(arrow: Arrow, queue: str, *, jobs: int = 1, job_id: int | None = None, **facts: object) -> None:
    """Say that ``jobs`` jobs of ``queue`` took ``arrow``: one count, one log line."""
    JOB_STEPS.count(arrow.name, queue or "all", times=jobs)
    if arrow in RATED and queue:
        telemetry.counted(rate_name(arrow, queue), jobs)
    if log.isEnabledFor(arrow.level):
        line = {"arrow": arrow.name, "queue": queue, "job": job_id, "jobs": jobs, **facts}
        log.log(arrow.level, "job %s", arrow.name, extra={"facts": line})


def pause_here(arrow: Arrow) -> None:
    """The middle of an arrow: where a crash would hurt. The chaos test plants its barrier here; nothing else does."""
    if _barrier is not None:
        _barrier(arrow.name)


def plant(barrier: Callable[[str], None] | None) -> None:
    """Call ``barrier(arrow name)`` in the middle of every arrow of this process."""
    global _barrier
    _barrier = barrier
