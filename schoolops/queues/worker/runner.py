"""What a worker does with a message. Two ways in: one transaction, or a lease with a fence; one way out: `outcomes`.

In one transaction: claim, school, effect and end. Whatever happens, a job has one of five outcomes: done, retry, dead
letter, discarded, or none at all, and then its row is still live and the relay publishes it again.
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

from django.db import connection, connections, transaction

from schoolops.context import outside_schools
from schoolops.observability import tracing
from schoolops.queues import broker, pipeline
from schoolops.queues.errors import Fenced
from schoolops.queues.job import Running, finishing, holding, leave_result, write_outcome
from schoolops.queues.ledger import statements
from schoolops.queues.ledger.task import Task
from schoolops.queues.message import Mode
from schoolops.queues.models import Reason
from schoolops.queues.worker import claims, outcomes
from schoolops.queues.worker.claims import Claim, Decided
from schoolops.queues.worker.deadline import Watchdog
from schoolops.queues.worker.journal import Entry

log = logging.getLogger("schoolops.queues")

# How long a job waits for code that knows its task, or for a school that is being made.
PATIENCE_S = 600.0
# A message's jobs are others' to begin once the first ones have taken this long.
HANDED_BACK_AFTER_S = 0.25

_wrappers: dict[int, Any] = {}


class _OtherMode(Exception):
    """The message said how to take the job in the words of other code: give it back, to come the other way."""


@contextmanager
def _nothing(job_id: int) -> Iterator[Entry]:  # noqa: ARG001 - the shape of Worker.in_hand
    yield Entry()


def _nobody(job_ids: list[int], timeout_s: int, mode: Mode) -> None:
    """Without a worker there is nobody to hand back to: the relay's lease brings them again."""


@dataclass(slots=True)
class _Try:
    """One try of a job, from its message to its outcome. No ``claim``: nothing was taken out of the ledger."""

    job_id: int
    timeout_s: int
    mode: Mode
    entry: Entry
    claim: Claim | None = None

    def running(self, claim: Claim, task: Task, **lease: Any) -> Running:
        return Running(self.job_id, task, claim.slug, claim.attempts + 1, claim.user_id, claim.tracked, **lease)

    def has_effect(self, claim: Claim) -> None:
        pipeline.pause_here(pipeline.EFFECT)
        pipeline.step(pipeline.EFFECT, claim.queue, job_id=self.job_id, task=claim.task, school=claim.slug)


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
    hand_back: Callable[[list[int], int, Mode], None] = field(default=_nobody)

    # --- the two ways in --------------------------------------------------------------------------------------------
    def run(self, job_ids: Sequence[int], timeout_s: int, *, durable: bool = False) -> None:
        """Run these jobs, each in one transaction, one after the other. Never raises for what a job does.

        A message carries several only when many wait; when they turn out to be long, the rest is handed back.
        """
        mode = Mode.DURABLE if durable else Mode.ONE_TRANSACTION
        pipeline.step(pipeline.RECEIVE, self.queue, jobs=len(job_ids))
        began = time.monotonic()
        for position, job_id in enumerate(job_ids):
            if position and time.monotonic() - began > HANDED_BACK_AFTER_S:
                self.hand_back(list(job_ids[position:]), timeout_s, mode)
                return
            with self._trying(job_id, timeout_s, mode) as this:
                self._in_one_transaction(this)

    def run_leased(self, job_id: int, timeout_s: int) -> None:
        """Run this job by a lease: no transaction is open while its body runs. Never raises for what it does."""
        pipeline.step(pipeline.RECEIVE, self.queue)
        with self._trying(job_id, timeout_s, Mode.LEASED) as this:
            self._by_lease(this)

    @contextmanager
    def _trying(self, job_id: int, timeout_s: int, mode: Mode) -> Iterator[_Try]:
        """With a connection and a slot of the journal; what the enclosed work raises becomes the job's outcome."""
        with self.borrowing(), self.in_hand(job_id) as entry:
            pipeline.pause_here(pipeline.RECEIVE)
            this = _Try(job_id, timeout_s, mode, entry)
            try:
                yield this
            except _OtherMode:
                other = Mode.ONE_TRANSACTION if mode is Mode.LEASED else Mode.LEASED
                self.hand_back([job_id], timeout_s, other)
            except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt of a body are failed tries too
                outcomes.settle(job_id, this.claim, error, worker=self.name, patience_s=self.patience_s)

    # --- one job ----------------------------------------------------------------------------------------------------
    def _in_one_transaction(self, this: _Try) -> None:
        with outside_schools():
            try:
                claims.limit(this.timeout_s, durable=this.mode is Mode.DURABLE)
                with transaction.atomic():
                    claim = this.claim = claims.claim(this.job_id)
                    if claim is None:
                        _nothing_to_claim(this.job_id)
                        return
                    pipeline.pause_here(pipeline.CLAIM)
                    task, arguments = claims.prepare(claim)
                    if task.leased:
                        raise _OtherMode
                    claims.took(claim, pipeline.CLAIM)
                    job = this.running(claim, task)
                    with claims.surroundings(claim), tracing.job(claim.task, claim.queue), holding(job):
                        with self.watchdog.watching(task.timeout_s, connection=_here(), overdue=this.entry.over_time):
                            job.result = task.function(**arguments)
                        this.has_effect(claim)
                        if claim.tracked:
                            with outside_schools(), connection.cursor() as cursor:
                                write_outcome(cursor, job, "done")
            finally:
                pipeline.pause_here(pipeline.FINISH)
        claims.took(claim, pipeline.FINISH)

    def _by_lease(self, this: _Try) -> None:
        with outside_schools():
            claim = claims.lease(this.job_id, this.timeout_s)
            if claim is None:
                _nothing_to_claim(this.job_id)
                return
            this.entry.leased(claim.lease_token)
            this.claim = claim
            pipeline.pause_here(pipeline.CLAIM)
            task, arguments = claims.prepare(claim)
            if not task.leased:
                claims.give_back(claim)
                raise _OtherMode
            claims.took(claim, pipeline.CLAIM)
            if claim.sending and task.outside == "at_most_once":
                raise Decided(Reason.OUTCOME_UNKNOWN, "It was being sent when its worker died.")
            job = this.running(claim, task, token=claim.lease_token, lending=lambda: _lent(self.lending))
            with claims.surroundings(claim), tracing.job(claim.task, claim.queue), holding(job):
                try:
                    with self.watchdog.watching(task.timeout_s, connection=_here(), overdue=this.entry.over_time):
                        result = task.function(**arguments)
                    this.has_effect(claim)
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
                    elif job.called_outside:
                        text = f"It failed after somebody outside was called: {type(error).__name__}: {error}"
                        raise Decided(Reason.OUTCOME_UNKNOWN, text) from error
                    else:
                        raise
            pipeline.pause_here(pipeline.FINISH)
        claims.took(claim, pipeline.FINISH)


def _nothing_to_claim(job_id: int) -> None:
    """Done by another delivery, running elsewhere, or locked by somebody who enqueues its twin."""
    with connection.cursor() as cursor:
        cursor.execute(statements.IS_DUE, [job_id])
        waiting = cursor.fetchone()
    if waiting is not None:
        broker.say_again(job_id)


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
