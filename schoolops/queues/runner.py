"""What a worker does with a message: claim, school, effect and end in one transaction; or leased with a fence.

Whatever happens, a job has one of five outcomes: done, retry, dead letter, discarded, or none at all, and then its row
is still live and the relay publishes it again.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import psycopg
from django.db import connection, connections, transaction

from schoolops import context
from schoolops.context import inside, outside_schools
from schoolops.errors import Conflict, NotFound, SchoolOpsError
from schoolops.queues import broker, ledger, pipeline, prepared, registry, statements
from schoolops.queues.deadline import JobTimeout, Watchdog
from schoolops.queues.errors import Fenced, PayloadRefused
from schoolops.queues.job import Running, connection_was_lost, finishing, holding, write_outcome
from schoolops.queues.models import Reason
from schoolops.tenancy.backend.base import DatabaseWrapper

log = logging.getLogger("schoolops.queues")

LEASE_MARGIN_S = 30
# How long a job waits for code that knows its task, or for a school that is being made.
PATIENCE_S = 600.0
DEFER_S = 15.0
# A message's jobs are others' to begin once the first ones have taken this long.
HANDED_BACK_AFTER_S = 0.25
LONGEST_ERROR = 2_000
LONGEST_TRACEBACK = 20_000


_wrappers: dict[int, Any] = {}


@dataclass(frozen=True, slots=True)
class School:
    """What the claim knows of the job's school."""

    pk: int
    slug: str
    schema_name: str
    role_name: str


@dataclass(slots=True)
class Claim:
    """A job's row as it was claimed. No ``school``: the platform's own job, or one of a school that is gone."""

    job_id: int
    queue: str
    task: str
    payload: str
    meta: dict[str, Any]
    attempts: int
    tracked: bool
    slug: str
    lease_token: int
    sending: bool
    school: School | None
    school_state: str | None
    leased: bool = False

    @property
    def user_id(self) -> str:
        return str(self.meta.get("user") or "")


class _Decided(Exception):
    """The body was not run: what to do with the job instead."""

    def __init__(self, reason: Reason, message: str, *, defer: bool = False) -> None:
        self.reason = reason
        self.defer = defer
        super().__init__(message)


class _Leased(Exception):
    """Claimed in one transaction, but its task is declared leased: give it back and lease it."""


@contextmanager
def _nothing(job_id: int) -> Iterator[Callable[[], None]]:  # noqa: ARG001 - the shape of Worker.in_hand
    yield lambda: None


def _nobody(job_ids: list[int], timeout_s: int, durable: bool) -> None:  # noqa: FBT001 - as Worker's
    """Without a worker there is nobody to hand back to: the relay's lease brings them again."""


@dataclass(slots=True)
class Runner:
    """Runs jobs in this process. ``lending`` and ``journal`` come from the worker; a test needs neither."""

    watchdog: Watchdog = field(default_factory=Watchdog)
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    # Borrow a database connection for a job, and lend it to others while the job waits for somebody outside.
    borrowing: Callable[[], AbstractContextManager[None]] = nullcontext
    lending: Callable[[], AbstractContextManager[None]] = nullcontext
    in_hand: Callable[[int], AbstractContextManager[Callable[[], None]]] = field(default=_nothing)
    patience_s: float = PATIENCE_S
    hand_back: Callable[[list[int], int, bool], None] = field(default=_nobody)

    def run(self, job_ids: Sequence[int], timeout_s: int, *, durable: bool = False) -> None:
        """Run these jobs, one after the other. Never raises for what a job does.

        A message carries several only when many wait; when they turn out to be long, the rest is handed back.
        """
        began = time.monotonic()
        for position, job_id in enumerate(job_ids):
            if position and time.monotonic() - began > HANDED_BACK_AFTER_S:
                self.hand_back(list(job_ids[position:]), timeout_s, durable)
                return
            with self.borrowing(), self.in_hand(job_id) as overdue:
                self._run_one(job_id, timeout_s, overdue, durable=durable)

    # --- one job --------------------------------------------------------------------------------------------------
    def _run_one(self, job_id: int, timeout_s: int, overdue: Callable[[], None], *, durable: bool) -> None:
        pipeline.pause_here(pipeline.RECEIVE)
        claims: list[Claim] = []
        try:
            try:
                self._in_one_transaction(job_id, timeout_s, claims, overdue, durable=durable)
            except _Leased:
                self._leased(job_id, timeout_s, claims, overdue)
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of a body are failed tries as well
            self._failed(job_id, claims, error)

    def _in_one_transaction(
        self, job_id: int, timeout_s: int, claims: list[Claim], overdue: Callable[[], None], *, durable: bool
    ) -> None:
        with outside_schools():
            try:
                with transaction.atomic():
                    claim = _claim(job_id, timeout_s, durable=durable)
                    if claim is None:
                        self._nothing_to_claim(job_id)
                        return
                    claims[:] = [claim]
                    pipeline.pause_here(pipeline.CLAIM)
                    task, arguments = self._prepare(claim)
                    if task.leased:
                        raise _Leased
                    job = Running(job_id, task, claim.slug, claim.attempts + 1, claim.user_id, claim.tracked)
                    with _surroundings(claim), holding(job):
                        with self.watchdog.watching(task.timeout_s, connection=_here(), overdue=overdue):
                            job.result = task.function(**arguments)
                        pipeline.pause_here(pipeline.EFFECT)
                        if claim.tracked:
                            with outside_schools(), connection.cursor() as cursor:
                                write_outcome(cursor, job, "done")
            finally:
                pipeline.pause_here(pipeline.FINISH)
        _say(claim, pipeline.FINISH)

    def _leased(self, job_id: int, timeout_s: int, claims: list[Claim], overdue: Callable[[], None]) -> None:
        with outside_schools():
            claims.clear()
            claim = _lease(job_id, timeout_s + LEASE_MARGIN_S)
            if claim is None:
                self._nothing_to_claim(job_id)
                return
            claims[:] = [claim]
            pipeline.pause_here(pipeline.CLAIM)
            task, arguments = self._prepare(claim)
            if claim.sending and task.outside == "at_most_once":
                raise _Decided(Reason.OUTCOME_UNKNOWN, "It was being sent when its worker died.")
            job = Running(
                job_id, task, claim.slug, claim.attempts + 1, claim.user_id, claim.tracked,
                token=claim.lease_token, lending=lambda: _lent(self.lending),
            )  # fmt: skip
            with _surroundings(claim), holding(job):
                try:
                    with self.watchdog.watching(task.timeout_s, connection=_here(), overdue=overdue):
                        job.result = task.function(**arguments)
                    pipeline.pause_here(pipeline.EFFECT)
                    if not job.finished:
                        with finishing():
                            pass
                except Fenced:
                    raise
                except BaseException as error:
                    if job.finished:
                        # Its end is committed; what came after is no longer the job's.
                        log.exception("the job failed after its end")
                    elif job.said_outside:
                        text = f"It failed after somebody outside was called: {type(error).__name__}: {error}"
                        raise _Decided(Reason.OUTCOME_UNKNOWN, text) from error
                    else:
                        raise
            pipeline.pause_here(pipeline.FINISH)
        _say(claim, pipeline.FINISH)

    def _prepare(self, claim: Claim) -> tuple[Any, dict[str, Any]]:
        """The task and its arguments. Raises ``_Decided`` where the job cannot be run by us, now or ever."""
        if claim.slug and claim.school is None:
            if claim.school_state == "creating":
                raise _Decided(Reason.UNKNOWN_SCHOOL, f"{claim.slug} is still being made.", defer=True)
            if claim.school_state == "suspended":
                raise _Decided(Reason.SCHOOL_SUSPENDED, f"{claim.slug} is suspended.")
            raise _Decided(Reason.UNKNOWN_SCHOOL, f"There is no school {claim.slug} any more.")
        task = registry.find(claim.task)
        if task is None:
            raise _Decided(Reason.UNKNOWN_TASK, f"This code knows no task {claim.task}.", defer=True)
        payload = orjson.loads(claim.payload)
        try:
            return task, task.arguments(payload)
        except PayloadRefused as refused:
            fields = "; ".join(f"{each.field}: {each.message}" for each in refused.errors)
            # An argument we have never heard of was written by newer code, which may be about to take over.
            newer = all(each.code == "extra_forbidden" for each in refused.errors)
            raise _Decided(Reason.PAYLOAD_REFUSED, f"{refused.detail} {fields}", defer=newer) from None

    def _nothing_to_claim(self, job_id: int) -> None:
        """Done by another delivery, running elsewhere, or held by somebody who enqueues its twin."""
        with connection.cursor() as cursor:
            cursor.execute(statements.IS_DUE, [job_id])
            waiting = cursor.fetchone()
        if waiting is not None:
            broker.say_again(job_id)

    # --- outcomes -------------------------------------------------------------------------------------------------
    def _failed(self, job_id: int, claims: list[Claim], error: BaseException) -> None:
        if not claims or connection_was_lost(error):
            # Nothing is known of this try: the row is live, the lease brings it back.
            _forget_connection()
            with _surroundings(claims[0]) if claims else nullcontext():
                log.warning("no outcome for job %d: %s", job_id, repr(error)[:500])
            if claims and claims[0].leased:
                self._give_lease_back(claims[0])
            else:
                broker.say_again(job_id, counted=True)
            return
        claim = claims[0]
        try:
            with outside_schools():
                if connection.needs_rollback or connection.in_atomic_block:
                    connection.close()
                self._write_failure(claim, error)
        except Exception as second:  # noqa: BLE001 - without an outcome the row stays live
            _forget_connection()
            with _surroundings(claim):
                log.warning("the outcome of job %d could not be written: %s", job_id, repr(second)[:500])

    def _write_failure(self, claim: Claim, error: BaseException) -> None:
        task = registry.find(claim.task)
        queue = registry.QUEUES.get(claim.queue, registry.PLATFORM)
        told: dict[str, Any] = {"error": type(error).__name__}
        match error:
            case Fenced():
                with _surroundings(claim):
                    log.warning("job %d was fenced: its lease passed to another worker", claim.job_id)
            case _Decided(defer=True) if self._defer(claim):
                _say(claim, pipeline.RETRY, **told)
            case _Decided():
                self._fail(claim, error, 0, tries=1, reason=error.reason.value, outcome="failed", told=told)
            case Conflict() | NotFound():
                pipeline.pause_here(pipeline.DISCARD)
                if _one(statements.DISCARD, {**_base(claim), **self._words(error)}):
                    _say(claim, pipeline.DISCARD, **told)
            case _:
                timed_out = isinstance(error, JobTimeout) or _is_query_timeout(error)
                self._fail(
                    claim,
                    error,
                    registry.wait_before_next_try(queue, claim.attempts),
                    tries=task.tries if task is not None else queue.tries,
                    reason=statements.last_reason(timed_out=timed_out),
                    outcome="timed_out" if timed_out else "failed",
                    told=told,
                )

    def _give_lease_back(self, claim: Claim) -> None:
        """The database went away while we held a lease: nobody else may try until it ends, so give it back in time."""

        def give_back() -> None:
            end = time.monotonic() + LEASE_MARGIN_S
            while time.monotonic() < end:
                try:
                    with ledger.connect("lease") as ours:
                        ours.execute(statements.GIVE_LEASE_BACK, {"id": claim.job_id, "token": claim.lease_token})
                except psycopg.Error:
                    time.sleep(0.5)
                else:
                    broker.say_again(claim.job_id, counted=True)
                    return

        threading.Thread(target=give_back, name=f"lease-{claim.job_id}", daemon=True).start()

    def _defer(self, claim: Claim) -> bool:
        wanted = {**_base(claim), "delay": min(DEFER_S, self.patience_s / 4), "patience": self.patience_s}
        return self.patience_s > 0 and _one(statements.DEFER, wanted) is not None

    def _fail(
        self,
        claim: Claim,
        error: BaseException,
        delay: float,
        *,
        tries: int,
        reason: str,
        outcome: str,
        told: dict[str, Any],
    ) -> None:
        last = claim.attempts + 1 >= tries
        arrow = pipeline.BURY if last else pipeline.RETRY
        pipeline.pause_here(arrow)
        now = isinstance(error, _Decided)
        more = {"delay": delay, "tries": tries, "now": now, "reason": reason, "outcome": outcome}
        if _one(statements.FAIL, {**_base(claim), **self._words(error), **more}) is not None:
            _say(claim, arrow, reason=reason, **told)

    def _words(self, error: BaseException) -> dict[str, Any]:
        decided = isinstance(error, _Decided)
        name = error.code if isinstance(error, SchoolOpsError) else type(error).__qualname__
        text = str(error) or error.__class__.__doc__ or ""
        trace = "" if decided else "".join(traceback.format_exception(error))[-LONGEST_TRACEBACK:]
        return {
            "class": "" if decided else name[:200],
            "error": text.replace("\0", "")[:LONGEST_ERROR],
            "traceback": trace.replace("\0", ""),
            "worker": self.name[:200],
        }


def _base(claim: Claim) -> dict[str, Any]:
    return {"id": claim.job_id, "attempts": claim.attempts}


def _one(statement: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _claim(job_id: int, timeout_s: int, *, durable: bool) -> Claim | None:
    with connection.wrap_database_errors:
        known = prepared.here()
        if known.limits != (timeout_s, durable):
            # A little more than the watchdog's limit: the database stops by itself where nobody does.
            limit = str(timeout_s * 1000 + 2000)
            known.cursor.execute(statements.LIMITS, {"limit": limit, "commit": "on" if durable else "off"})
            known.limits = (timeout_s, durable)
        known.cursor.execute(statements.CLAIM, {"id": job_id}, prepare=True)
        cast(DatabaseWrapper, connection).was_moved()
        return _as_claim(job_id, known.cursor.fetchone())


def _lease(job_id: int, seconds: int) -> Claim | None:
    with connection.cursor() as cursor:
        cursor.execute(statements.LEASE, [seconds, job_id])
        claim = _as_claim(job_id, cursor.fetchone())
    if claim is not None:
        claim.leased = True
    return claim


def _as_claim(job_id: int, row: tuple[Any, ...] | None) -> Claim | None:
    if row is None:
        return None
    queue, task, payload, meta, attempts, tracked, slug, token, sending, pk, state, schema, role = row[:13]
    school = School(pk, slug, schema, role) if state == "active" else None
    return Claim(
        job_id, queue, task, payload, orjson.loads(meta), attempts, tracked, slug, token, sending, school, state
    )


@contextmanager
def _surroundings(claim: Claim) -> Iterator[None]:
    """The school, the user and the request that the job was enqueued for."""
    tokens = (
        (context.user_id, context.user_id.set(claim.meta.get("user"))),
        (context.request_id, context.request_id.set(claim.meta.get("request_id"))),
        (context.traceparent, context.traceparent.set(claim.meta.get("traceparent"))),
    )
    try:
        if claim.school is None:
            yield
        else:
            with inside(claim.school):
                yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def _say(claim: Claim, arrow: pipeline.Arrow, **facts: Any) -> None:
    """The job took ``arrow``: its line has the request, user and school of all its other lines."""
    with _surroundings(claim):
        pipeline.step(arrow, claim.queue, job_id=claim.job_id, task=claim.task, school=claim.slug, **facts)


def _here() -> Callable[[], Any]:
    """How the watchdog's thread finds the connection that this thread uses when it is asked."""
    thread = threading.get_ident()
    _wrappers[thread] = connections["default"]

    def ask() -> Any:
        wrapper = _wrappers.get(thread)
        return None if wrapper is None else wrapper.connection

    return ask


@contextmanager
def _lent(lending: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """While our connection is lent to others, the watchdog must not cancel what they do with it."""
    _wrappers.pop(threading.get_ident(), None)
    try:
        with lending():
            yield
    finally:
        _wrappers[threading.get_ident()] = connections["default"]


def _forget_connection() -> None:
    with outside_schools():
        connection.close()


def _is_query_timeout(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "sqlstate", None) in {"57014", "25P03"}:
            return True
        cause = cause.__cause__
    return False
