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
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection, connections, transaction

from schoolops.context import outside_schools
from schoolops.observability import tracing
from schoolops.queues import pipeline
from schoolops.queues.errors import Fenced
from schoolops.queues.job import Running, connection_was_lost, finishing, holding, leave_result, write_outcome
from schoolops.queues.ledger import statements
from schoolops.queues.models import Reason
from schoolops.queues.relay import broker
from schoolops.queues.worker import claims, outcomes
from schoolops.queues.worker.claims import Claim, Decided
from schoolops.queues.worker.deadline import Watchdog
from schoolops.queues.worker.journal import Entry
from schoolops.tenancy import direct

log = logging.getLogger("schoolops.queues")

LEASE_MARGIN_S = 30
# How long a job waits for code that knows its task, or for a school that is being made.
PATIENCE_S = 600.0
# A message's jobs are others' to begin once the first ones have taken this long.
HANDED_BACK_AFTER_S = 0.25

_wrappers: dict[int, Any] = {}


class _Leased(Exception):
    """Claimed in one transaction, but its task is declared leased: give it back and lease it."""


@contextmanager
def _nothing(job_id: int) -> Iterator[Entry]:  # noqa: ARG001 - the shape of Worker.in_hand
    yield Entry()


def _nobody(job_ids: list[int], timeout_s: int, durable: bool) -> None:  # noqa: FBT001 - as Worker's
    """Without a worker there is nobody to hand back to: the relay's lease brings them again."""


@dataclass(slots=True)
class Runner:
    """Runs jobs in this process. ``lending`` and ``journal`` come from the worker; a test needs neither."""

    watchdog: Watchdog = field(default_factory=Watchdog)
    queue: str = ""
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    # Borrow a database connection for a job, and lend it to others while the job waits for somebody outside.
    borrowing: Callable[[], AbstractContextManager[None]] = nullcontext
    lending: Callable[[], AbstractContextManager[None]] = nullcontext
    in_hand: Callable[[int], AbstractContextManager[Entry]] = field(default=_nothing)
    patience_s: float = PATIENCE_S
    hand_back: Callable[[list[int], int, bool], None] = field(default=_nobody)

    def run(self, job_ids: Sequence[int], timeout_s: int, *, durable: bool = False) -> None:
        """Run these jobs, one after the other. Never raises for what a job does.

        A message carries several only when many wait; when they turn out to be long, the rest is handed back.
        """
        pipeline.step(pipeline.RECEIVE, self.queue, jobs=len(job_ids))
        began = time.monotonic()
        for position, job_id in enumerate(job_ids):
            if position and time.monotonic() - began > HANDED_BACK_AFTER_S:
                self.hand_back(list(job_ids[position:]), timeout_s, durable)
                return
            with self.borrowing(), self.in_hand(job_id) as entry:
                self._run_one(job_id, timeout_s, entry, durable=durable)

    # --- one job --------------------------------------------------------------------------------------------------
    def _run_one(self, job_id: int, timeout_s: int, entry: Entry, *, durable: bool) -> None:
        pipeline.pause_here(pipeline.RECEIVE)
        taken: list[Claim] = []
        try:
            try:
                self._in_one_transaction(job_id, timeout_s, taken, entry, durable=durable)
            except _Leased:
                self._leased(job_id, timeout_s, taken, entry)
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of a body are failed tries as well
            self._failed(job_id, taken, error)

    def _in_one_transaction(
        self, job_id: int, timeout_s: int, taken: list[Claim], entry: Entry, *, durable: bool
    ) -> None:
        with outside_schools():
            try:
                claims.limit(timeout_s, durable=durable)
                with transaction.atomic():
                    claim = claims.claim(job_id)
                    if claim is None:
                        self._nothing_to_claim(job_id)
                        return
                    taken[:] = [claim]
                    pipeline.pause_here(pipeline.CLAIM)
                    task, arguments = claims.prepare(claim)
                    if task.leased:
                        raise _Leased
                    claims.took(claim, pipeline.CLAIM)
                    job = Running(job_id, task, claim.slug, claim.attempts + 1, claim.user_id, claim.tracked)
                    with claims.surroundings(claim), tracing.job(claim.task, claim.queue), holding(job):
                        with self.watchdog.watching(task.timeout_s, connection=_here(), overdue=entry.over_time):
                            job.result = task.function(**arguments)
                        pipeline.pause_here(pipeline.EFFECT)
                        pipeline.step(pipeline.EFFECT, claim.queue, job_id=job_id, task=claim.task, school=claim.slug)
                        if claim.tracked:
                            with outside_schools(), connection.cursor() as cursor:
                                write_outcome(cursor, job, "done")
            finally:
                pipeline.pause_here(pipeline.FINISH)
        claims.took(claim, pipeline.FINISH)

    def _leased(self, job_id: int, timeout_s: int, taken: list[Claim], entry: Entry) -> None:
        with outside_schools():
            taken.clear()
            claim = claims.lease(job_id, timeout_s, margin_s=LEASE_MARGIN_S)
            if claim is None:
                self._nothing_to_claim(job_id)
                return
            entry.leased(claim.lease_token)
            taken[:] = [claim]
            pipeline.pause_here(pipeline.CLAIM)
            claims.took(claim, pipeline.CLAIM)
            task, arguments = claims.prepare(claim)
            if claim.sending and task.outside == "at_most_once":
                raise Decided(Reason.OUTCOME_UNKNOWN, "It was being sent when its worker died.")
            job = Running(
                job_id, task, claim.slug, claim.attempts + 1, claim.user_id, claim.tracked,
                token=claim.lease_token, lending=lambda: _lent(self.lending),
            )  # fmt: skip
            with claims.surroundings(claim), tracing.job(claim.task, claim.queue), holding(job):
                try:
                    with self.watchdog.watching(task.timeout_s, connection=_here(), overdue=entry.over_time):
                        result = task.function(**arguments)
                    pipeline.pause_here(pipeline.EFFECT)
                    pipeline.step(pipeline.EFFECT, claim.queue, job_id=job_id, task=claim.task, school=claim.slug)
                    if job.finished:
                        leave_result(job, result)
                    else:
                        with finishing():
                            job.result = result
                except Fenced:
                    raise
                except BaseException as error:
                    if job.finished:
                        # Its end is committed; what came after is no longer the job's.
                        log.exception("the job failed after its end")
                    elif job.said_outside:
                        text = f"It failed after somebody outside was called: {type(error).__name__}: {error}"
                        raise Decided(Reason.OUTCOME_UNKNOWN, text) from error
                    else:
                        raise
            pipeline.pause_here(pipeline.FINISH)
        claims.took(claim, pipeline.FINISH)

    def _nothing_to_claim(self, job_id: int) -> None:
        """Done by another delivery, running elsewhere, or held by somebody who enqueues its twin."""
        with connection.cursor() as cursor:
            cursor.execute(statements.IS_DUE, [job_id])
            waiting = cursor.fetchone()
        if waiting is not None:
            broker.say_again(job_id)

    # --- outcomes -------------------------------------------------------------------------------------------------
    def _failed(self, job_id: int, taken: list[Claim], error: BaseException) -> None:
        if not taken or connection_was_lost(error):
            # Nothing is known of this try: the row is live, the lease brings it back.
            _forget_connection()
            with claims.surroundings(taken[0]) if taken else nullcontext():
                log.warning("no outcome for job %d: %s", job_id, repr(error)[:500])
            if taken and taken[0].leased:
                self._give_lease_back(taken[0])
            else:
                # What nobody has begun has not come to nothing.
                broker.say_again(job_id, counted=bool(taken))
            return
        claim = taken[0]
        try:
            with outside_schools():
                if connection.needs_rollback or connection.in_atomic_block:
                    connection.close()
                outcomes.record(claim, error, worker=self.name, patience_s=self.patience_s)
        except Exception as second:  # noqa: BLE001 - without an outcome the row stays live
            _forget_connection()
            with claims.surroundings(claim):
                log.warning("the outcome of job %d could not be written: %s", job_id, repr(second)[:500])

    def _give_lease_back(self, claim: Claim) -> None:
        """The database went away while we held a lease: nobody else may try until it ends, so give it back in time."""

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
