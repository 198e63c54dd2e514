"""Taking a job out of the ledger: its row, its school, its task and arguments; or what to do with it instead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import orjson
from django.db import connection

from schoolops import context
from schoolops.context import inside
from schoolops.queues import pipeline, registry
from schoolops.queues.errors import PayloadRefused
from schoolops.queues.ledger import statements
from schoolops.queues.ledger.task import Task
from schoolops.queues.models import Reason
from schoolops.tenancy import prepared
from schoolops.tenancy.backend.base import DatabaseWrapper

# Beyond it a job waits outside, and its connection is others': one stuck table would hold all of a queue's.
LOCK_S, LONG_LOCK_S = 1, 10
# A lease lasts longer than its job may.
LEASE_MARGIN_S = 30


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
    spent: int
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


class Decided(Exception):
    """The body was not run: what to do with the job instead."""

    def __init__(self, reason: Reason, message: str, *, defer: bool = False) -> None:
        self.reason = reason
        self.defer = defer
        super().__init__(message)


def limit(timeout_s: int, *, durable: bool) -> None:
    """Let no statement of this session outlive its job, nor wait for a lock for as long as that.

    Outside of any transaction: a rollback would take the limits back, and nobody would know.
    """
    with connection.wrap_database_errors:
        known = prepared.here()
        if known.limits != (timeout_s, durable):
            limits = {
                # A little more than the watchdog's limit: the database stops by itself where nobody does.
                "limit": str(timeout_s * 1000 + 2000),
                "lock": str(1000 * (LOCK_S if timeout_s <= registry.SHORT_S else LONG_LOCK_S)),
                "commit": "on" if durable else "off",
            }
            known.connection.execute(statements.LIMITS, limits)
            known.limits = (timeout_s, durable)


def claim(job_id: int) -> Claim | None:
    """Take the row, in the current transaction, and stand in its school from here on. ``None``: gone or locked."""
    with connection.wrap_database_errors:
        known = prepared.here()
        row = known.fetch_one(statements.CLAIM, (job_id,))
        cast(DatabaseWrapper, connection).was_moved()
        return _as_claim(job_id, row)


def lease(job_id: int, timeout_s: int) -> Claim | None:
    """Take the row for so long, in a transaction of its own. ``None``: gone or locked."""
    with connection.cursor() as cursor:
        cursor.execute(statements.LEASE, [timeout_s + LEASE_MARGIN_S, job_id])
        leased = _as_claim(job_id, cursor.fetchone())
    if leased is not None:
        leased.leased = True
    return leased


def give_back(claimed: Claim) -> None:
    """The lease is over before its time: whoever comes next may have the job."""
    with connection.cursor() as cursor:
        cursor.execute(statements.GIVE_LEASE_BACK, {"id": claimed.job_id, "token": claimed.lease_token})


def _as_claim(job_id: int, row: tuple[Any, ...] | None) -> Claim | None:
    if row is None:
        return None
    queue, task, payload, meta, attempts, spent, tracked, slug, token, sending, pk, state, schema, role = row[:14]
    school = School(pk, slug, schema, role) if state == "active" else None
    return Claim(
        job_id, queue, task, payload, orjson.loads(meta), attempts, spent, tracked, slug, token, sending, school, state
    )


def prepare(claimed: Claim) -> tuple[Task, dict[str, Any]]:
    """The task and its arguments. Raises ``Decided`` where the job cannot be run by us, now or ever."""
    if claimed.slug and claimed.school is None:
        if claimed.school_state == "creating":
            raise Decided(Reason.UNKNOWN_SCHOOL, f"{claimed.slug} is still being made.", defer=True)
        if claimed.school_state == "moved":
            # What was enqueued in its last moment here goes after it.
            raise Decided(Reason.UNKNOWN_SCHOOL, f"{claimed.slug} was moved to another server.", defer=True)
        if claimed.school_state == "suspended":
            raise Decided(Reason.SCHOOL_SUSPENDED, f"{claimed.slug} is suspended.")
        raise Decided(Reason.UNKNOWN_SCHOOL, f"There is no school {claimed.slug} any more.")
    task = registry.find(claimed.task)
    if task is None:
        raise Decided(Reason.UNKNOWN_TASK, f"This code knows no task {claimed.task}.", defer=True)
    payload = orjson.loads(claimed.payload)
    try:
        return task, task.arguments(payload)
    except PayloadRefused as refused:
        fields = "; ".join(f"{error.field}: {error.message}" for error in refused.errors)
        # An argument we have never heard of was written by newer code, which may be about to take over.
        newer = all(error.code == "extra_forbidden" for error in refused.errors)
        raise Decided(Reason.PAYLOAD_REFUSED, f"{refused.detail} {fields}", defer=newer) from None


@contextmanager
def surroundings(claimed: Claim) -> Iterator[None]:
    """The school, the user and the request that the job was enqueued for."""
    tokens = (
        (context.user_id, context.user_id.set(claimed.meta.get("user"))),
        (context.request_id, context.request_id.set(claimed.meta.get("request_id"))),
        (context.traceparent, context.traceparent.set(claimed.meta.get("traceparent"))),
    )
    try:
        if claimed.school is None:
            yield
        else:
            with inside(claimed.school):
                yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


def took(claimed: Claim, arrow: pipeline.Arrow, **facts: Any) -> None:
    """Say that the job took ``arrow``: the line has the request, user and school of all its other lines."""
    with surroundings(claimed):
        pipeline.step(arrow, claimed.queue, job_id=claimed.job_id, task=claimed.task, school=claimed.slug, **facts)
