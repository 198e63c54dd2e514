"""The job that is running: what a task's body may ask and say about itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import DatabaseError, InterfaceError, connection, transaction
from psycopg.types.json import Jsonb

from schoolops import context
from schoolops.context import outside_schools
from schoolops.ids import uuid7
from schoolops.queues.errors import Fenced, NotInAJob
from schoolops.resilience.outside import expect_no_transaction

if TYPE_CHECKING:
    from schoolops.queues.ledger.task import Task


@dataclass(slots=True)
class Running:
    """The job in hand. ``token`` is its lease's, ``None`` where its end is in the body's own transaction."""

    job_id: int
    task: Task
    school: str
    attempt: int
    user_id: str
    tracked: bool
    token: int | None = None
    finished: bool = False
    result: Any = None
    called_outside: bool = False
    # Gives the database connection to other jobs for a while.
    lending: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def key(self) -> str:
        """The same at every try: what to give a provider as its idempotency key."""
        return f"schoolops-job-{self.job_id}"


class NotSent(Exception):
    """Raised inside ``calling_outside()``: the provider certainly did nothing, so trying again is safe."""


# Workers do not wait for the disk, since an effect of ours vanishes together with its job's end. A message does not.
_ON_DISK = "SET LOCAL synchronous_commit = on"

_running: ContextVar[Running | None] = ContextVar("schoolops_running_job", default=None)


def current_job() -> Running:
    """The job that is running. Raises ``NotInAJob``."""
    job = _running.get()
    if job is None:
        raise NotInAJob
    return job


def job_or_none() -> int | None:
    """The number of the job that is running; ``None`` in a request, a command or a test."""
    job = _running.get()
    return None if job is None else job.job_id


@contextmanager
def holding(job: Running) -> Iterator[Running]:
    """Make ``job`` the current one for the enclosed work."""
    token = _running.set(job)
    try:
        yield job
    finally:
        _running.reset(token)


def progress(done: int, of: int) -> None:
    """Say how far the job is. Shown by GET /api/v1/jobs/{id} at once, except from inside a transaction.

    Outside a job (the service was called from a view or a test) it does nothing.
    """
    job = _running.get()
    if job is None or not job.tracked:
        return
    with outside_schools(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO queues_outcome AS o (job_id, school, queue, task, user_id, state, done, of, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, 'running', %s, %s, clock_timestamp() + interval '7 days')"
            " ON CONFLICT (job_id) DO UPDATE SET done = excluded.done, of = excluded.of, updated_at = clock_timestamp()"
            " WHERE o.state = 'running'",
            [job.job_id, job.school, job.task.queue.name, job.task.name, job.user_id, done, of],
        )


@contextmanager
def finishing() -> Iterator[None]:
    """The last transaction of a leased job: what is written inside commits together with the job's end, or not at all.

    So does ``current_job().result``, where it is set inside. In a job that is one transaction anyway, and outside a
    job, it is an ordinary ``transaction.atomic()``.

    Raises:
        Fenced: the lease has passed to another worker; nothing inside is kept.
    """
    job = _running.get()
    if job is None or job.token is None:
        with transaction.atomic():
            yield
        return
    if job.finished:
        raise Fenced
    with transaction.atomic():
        with outside_schools(), connection.cursor() as cursor:
            if job.task.outside:
                cursor.execute(_ON_DISK)
            cursor.execute("DELETE FROM queues_job WHERE id = %s AND lease_token = %s", [job.job_id, job.token])
            if cursor.rowcount != 1:
                raise Fenced
        yield
        if job.tracked:
            with outside_schools(), connection.cursor() as cursor:
                write_outcome(cursor, job, "done")
    job.finished = True


def leave_result(job: Running, result: Any) -> None:
    """What the body of a leased job returned after its end was committed. Lost if the worker dies right here."""
    if job.tracked and result is not None:
        with outside_schools(), connection.cursor() as cursor:
            text = json.dumps(result)
            cursor.execute("UPDATE queues_outcome SET result = %s::jsonb WHERE job_id = %s", [text, job.job_id])


def write_outcome(cursor: Any, job: Running, state: str, error: str = "") -> None:
    """Keep what became of a tracked job, for 7 days. The cursor stands outside schools."""
    cursor.execute(
        "INSERT INTO queues_outcome AS o (job_id, school, queue, task, user_id, state, result, error, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp() + interval '7 days')"
        " ON CONFLICT (job_id) DO UPDATE SET state = excluded.state, result = excluded.result, error = excluded.error,"
        " updated_at = clock_timestamp(), expires_at = excluded.expires_at",
        [
            job.job_id, job.school, job.task.queue.name, job.task.name, job.user_id, state,
            Jsonb(job.result) if job.result is not None else None, error,
        ],
    )  # fmt: skip


@contextmanager
def calling_outside() -> Iterator[str]:
    """Around the one call to somebody outside our database; yields the idempotency key to send along.

    For a task declared ``outside="at_most_once"`` the intention is committed first: whoever finds it after a crash
    asks a person (dead letter ``outcome_unknown``) instead of calling twice. Raise ``NotSent`` when nothing was done.

    Outside a job, in a command or a test, nothing is noted.

    Raises:
        Fenced: the lease has passed to another worker; nothing was called.
        CalledInTransaction: the task was declared without ``outside=…``, or the body holds one.
    """
    expect_no_transaction("Somebody outside was to be called")
    job = _running.get()
    if job is None:
        with context.nowhere():
            yield f"schoolops-{uuid7()}"
        return
    once = job.task.outside == "at_most_once"
    if once:
        _mark_sending(job, "clock_timestamp()")
        job.called_outside = True
    try:
        with context.nowhere(), job.lending():
            yield job.key
    except NotSent:
        if once:
            _mark_sending(job, "NULL")
            job.called_outside = False
        raise


def _mark_sending(job: Running, moment: str) -> None:
    with outside_schools(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ON_DISK)
        cursor.execute(
            f"UPDATE queues_job SET sending_at = {moment} WHERE id = %s AND lease_token = %s",  # noqa: S608 - our own two
            [job.job_id, job.token],
        )
        if cursor.rowcount != 1:
            raise Fenced


def connection_was_lost(error: BaseException) -> bool:
    """Whether the database went away, rather than refused: then nothing is known of this try and nothing is counted."""
    cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) else error
    if isinstance(cause, psycopg.OperationalError):
        state = cause.sqlstate or ""
        return not state or state.startswith(("08", "57P", "53"))
    return isinstance(cause, psycopg.InterfaceError)
