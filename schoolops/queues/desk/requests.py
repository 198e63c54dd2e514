"""What a request of a school may ask about its own jobs. The current school's role answers, through its doors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.db import connection
from django.db.models import Func, TextField

from schoolops.queues import broker, pipeline, registry
from schoolops.queues.errors import BrokerDown, JobNotFound, JobRunning
from schoolops.queues.ledger import seen

# A page of the API, and one more to know whether another follows.
MOST_AT_ONCE = 201


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as its school sees it: waiting, scheduled, retrying, running, done, dead, discarded or cancelled."""

    job_id: int
    queue: str
    task: str
    state: str
    attempts: int | None
    run_at: dt.datetime | None
    done: int | None
    of: int | None
    result: Any
    error: str
    created_at: dt.datetime | None


def status_of(job_id: int, *, user: str | None) -> JobStatus:
    """A tracked job that ``user`` (a public id; ``None``: anybody of the school) asked for.

    Raises:
        JobNotFound: no such job, another user's or school's, or one that is done and was not tracked.
    """
    row = _ask("SELECT * FROM platform.job_status(%s, %s)", job_id, user)
    if row is None:
        raise JobNotFound
    status = JobStatus(*row)
    return replace(status, result=orjson.loads(status.result)) if isinstance(status.result, str) else status


class StateOf(Func):
    """In a query, the state of the tracked job whose number stands in a column; NULL as ``JobNotFound``."""

    template = "(SELECT state FROM platform.job_status(%(expressions)s, NULL))"
    output_field = TextField()


def unfinished(
    *, user: str | None, tasks: Iterable[str] = (), before: int | None = None, most: int = MOST_AT_ONCE
) -> list[JobStatus]:
    """Tracked jobs of the current school that have not ended, newest first. One query.

    Args:
        user: those this user (a public id) asked for; ``None``: those of anybody.
        tasks: those of these tasks as well, whoever asked for them.
        before: only jobs older than this one, the last of the page before.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM platform.jobs_unfinished(%s, %s, %s, %s)",
            [user, list(tasks), before, min(most, MOST_AT_ONCE)],
        )
        return [JobStatus(*row) for row in cursor.fetchall()]


def cancel(job_id: int, *, user: str | None) -> None:
    """Withdraw a job that has not begun; the same may be asked for again.

    Args:
        user: whoever withdraws what they asked for (a public id); ``None``: an operator, who may withdraw any.

    Raises:
        JobNotFound: also of what is not ``user``'s to withdraw. JobRunning.
    """
    if user is not None:
        task = registry.find(status_of(job_id, user=user).task)
        if task is None or not task.withdrawable:
            # Whoever's write had it follow is on it, too; the write stands, and so does what it leads to.
            raise JobNotFound
    with connection.cursor() as cursor:
        cursor.execute("SELECT platform.job_once_keys(%s)", [job_id])
        keys = [bytes(key) for (key,) in cursor.fetchall()]
    pipeline.pause_here(pipeline.CANCEL)
    gone = (_ask("SELECT platform.job_cancel(%s, %s)", job_id, user) or (None,))[0]
    if gone is None:
        raise JobNotFound
    if not gone:
        raise JobRunning
    seen.forget_after_commit(*keys)
    pipeline.step(pipeline.CANCEL, "", job_id=job_id)


def run_now(job_id: int, *, user: str | None) -> None:
    """Let a scheduled job, or one between two tries, begin at once.

    Raises:
        JobNotFound: also, for a ``user``, of one that is not tracked. BrokerDown: nothing can begin at the moment; the
        job stays in the ledger.
    """
    if user is not None:
        status_of(job_id, user=user)
    try:
        broker.check_that_it_writes()
    except broker.BrokerUnavailable:
        broker.client.cache_clear()
        raise BrokerDown from None
    if not (_ask("SELECT platform.job_run_now(%s, %s)", job_id, user) or (None,))[0]:
        raise JobNotFound


def _ask(statement: str, job_id: int, user: str | None) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [job_id, user])
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row
