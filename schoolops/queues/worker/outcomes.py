"""What becomes of a job whose try failed: another try, the operators' desk, nothing more; or nothing is known of it."""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import OperationalError, connection

from schoolops.context import outside_schools
from schoolops.errors import Conflict, NotFound, SchoolOpsError, Unavailable
from schoolops.queues import broker, pipeline, registry
from schoolops.queues.errors import Fenced
from schoolops.queues.job import NotSent, connection_was_lost
from schoolops.queues.ledger import statements
from schoolops.queues.models import Reason
from schoolops.queues.worker.claims import LEASE_MARGIN_S, Claim, Decided, surroundings, took
from schoolops.queues.worker.deadline import JobTimeout
from schoolops.tenancy import direct

log = logging.getLogger("schoolops.queues")

DEFER_S = 15.0
# For what is away: by then somebody has seen the alert, and a person decides about what is left.
OUTAGE_PATIENCE_S = 24 * 3600.0
# Somebody else held the lock, or was chosen to go on.
_OF_OTHERS = frozenset({"55P03", "40P01", "40001"})
LONGEST_ERROR = 2_000
LONGEST_TRACEBACK = 20_000


def settle(job_id: int, claim: Claim | None, error: BaseException, *, worker: str, patience_s: float) -> None:
    """Write down what ``error`` means for the job, or see to it that its row, which is still live, is published again.

    Args:
        claim: what was taken out of the ledger; ``None`` where the try did not get so far.
        patience_s: how long a job waits for code that knows its task, or for a school that is being made.
    """
    if claim is None or connection_was_lost(error):
        # Nothing is known of this try.
        _forget_connection()
        with surroundings(claim) if claim else nullcontext():
            log.warning("no outcome for job %d: %s", job_id, repr(error)[:500])
        if claim is not None and claim.leased:
            _give_lease_back_in_time(claim)
        else:
            # What nobody has begun has not come to nothing.
            broker.say_again(job_id, counted=claim is not None)
        return
    try:
        with outside_schools():
            if connection.needs_rollback or connection.in_atomic_block:
                connection.close()
            record(claim, error, worker=worker, patience_s=patience_s)
    except Exception as second:  # noqa: BLE001 - without an outcome the row stays live
        _forget_connection()
        with surroundings(claim):
            log.warning("the outcome of job %d could not be written: %s", job_id, repr(second)[:500])


def _give_lease_back_in_time(claim: Claim) -> None:
    """The database went away while we had a lease: nobody else may try until it ends, unless we say so before."""

    def give_back() -> None:
        end = time.monotonic() + LEASE_MARGIN_S
        while time.monotonic() < end:
            try:
                with direct.connect("lease", statement_s=5, lock_s=2) as ours:
                    ours.execute(statements.GIVE_LEASE_BACK, {"id": claim.job_id, "token": claim.lease_token})
            except psycopg.Error:
                time.sleep(0.5)
            else:
                broker.say_again(claim.job_id, counted=True)
                return

    threading.Thread(target=give_back, name=f"lease-{claim.job_id}", daemon=True).start()


def _forget_connection() -> None:
    with outside_schools():
        connection.close()


def record(claim: Claim, error: BaseException, *, worker: str, patience_s: float) -> None:
    """Write down what ``error`` means for the job. The connection stands outside schools, in no transaction.

    Raises:
        django.db.Error: nothing was written, and the row is still live.
    """
    name = type(error).__name__
    match error:
        case Fenced():
            with surroundings(claim):
                log.warning("job %d was fenced: its lease passed to another worker", claim.job_id)
        case Decided(defer=True) if _defer(claim, patience_s, cause=error.reason.value):
            took(claim, pipeline.RETRY, error=name)
        case Decided():
            _fail(claim, _Failure(error, worker, error.reason.value, "failed", now=True))
        case _ if (cause := outage(error)) and _defer(claim, OUTAGE_PATIENCE_S, cause=cause, soonest_s=_wait(error)):
            # Nobody's fault, so no try is spent; but said each time, and its queue shows it as one that is repeated.
            took(claim, pipeline.RETRY, error=name, waits_for=cause)
        case Conflict() | NotFound() if _may_be_discarded(claim):
            pipeline.pause_here(pipeline.DISCARD)
            if _one(statements.DISCARD, {**_base(claim), **_words(error, worker)}):
                took(claim, pipeline.DISCARD, error=name)
        case Conflict() | NotFound():
            _fail(claim, _Failure(error, worker, Reason.REFUSED.value, "refused", now=True))
        case _:
            timed_out = isinstance(error, JobTimeout) or _is_query_timeout(error)
            reason = statements.last_reason(timed_out=timed_out)
            _fail(claim, _Failure(error, worker, reason, "timed_out" if timed_out else "failed"))


@dataclass(frozen=True, slots=True)
class _Failure:
    """One failed try. ``now``: whatever tries are left, a person has to decide."""

    error: BaseException
    worker: str
    reason: str
    outcome: str
    now: bool = False


def _fail(claim: Claim, failure: _Failure) -> None:
    task = registry.find(claim.task)
    queue = registry.QUEUES.get(claim.queue, registry.PLATFORM)
    tries = task.tries if task is not None else queue.tries
    tried = claim.attempts - claim.spent
    arrow = pipeline.BURY if failure.now or tried + 1 >= tries else pipeline.RETRY
    pipeline.pause_here(arrow)
    wanted = {
        **_base(claim),
        **_words(failure.error, failure.worker),
        "delay": registry.wait_before_next_try(queue, tried),
        "tries": tries,
        "now": failure.now,
        "reason": failure.reason,
        "outcome": failure.outcome,
    }
    if _one(statements.FAIL, wanted) is not None:
        took(claim, arrow, reason=failure.reason, error=type(failure.error).__name__)


def _defer(claim: Claim, patience_s: float, *, cause: str, soonest_s: float = DEFER_S) -> bool:
    wanted = {
        **_base(claim),
        "cause": cause,
        "soonest": min(soonest_s, patience_s / 4) * random.uniform(0.8, 1.2),  # noqa: S311 - so that a crowd disperses
        "latest": min(registry.LONGEST_WAIT_S, patience_s / 4),
        "patience": patience_s,
    }
    return patience_s > 0 and _one(statements.DEFER, wanted) is not None


def outage(error: BaseException) -> str | None:
    """What the job could not do without and did not have: a full ledger, a mail server, a lock that somebody holds.

    ``None``: it is the job's own failure.
    """
    if isinstance(error, NotSent) and isinstance(error.__cause__, Unavailable):
        error = error.__cause__
    if isinstance(error, Unavailable):
        return error.code
    cause = error.__cause__ if isinstance(error, OperationalError) else error
    return "database:lock" if getattr(cause, "sqlstate", None) in _OF_OTHERS else None


def _wait(error: BaseException) -> float:
    return float(getattr(error, "retry_after", None) or getattr(error.__cause__, "retry_after", None) or 2)


def _may_be_discarded(claim: Claim) -> bool:
    task = registry.find(claim.task)
    return task is not None and task.refused == "discard"


def _words(error: BaseException, worker: str) -> dict[str, Any]:
    decided = isinstance(error, Decided)
    name = error.code if isinstance(error, SchoolOpsError) else type(error).__qualname__
    trace = "" if decided else "".join(traceback.format_exception(error))[-LONGEST_TRACEBACK:]
    return {
        "class": "" if decided else _storable(name)[:200],
        "error": _storable(_said_by(error))[:LONGEST_ERROR],
        "traceback": _storable(trace),
        "worker": worker[:200],
    }


def _said_by(error: BaseException) -> str:
    # An exception that cannot even say what it is must not keep its job from ending.
    with suppress(Exception):
        return str(error) or error.__class__.__doc__ or ""
    return "It cannot say what went wrong."


def _storable(text: str) -> str:
    """Without what PostgreSQL's text does not hold: zeros, and halves of surrogate pairs."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _base(claim: Claim) -> dict[str, Any]:
    return {"id": claim.job_id, "attempts": claim.attempts, "token": claim.lease_token}


def _one(statement: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _is_query_timeout(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlstate", None) in {"57014", "25P03"}:
            return True
        cause = cause.__cause__
    return False
