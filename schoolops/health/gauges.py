"""What is measured when somebody asks, and what each process says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import psutil
from django.db import connection
from psycopg_pool import ConnectionPool

from schoolops.cache import counters
from schoolops.context import outside_schools
from schoolops.copies import drilling
from schoolops.health import drifted, machine
from schoolops.observability import metrics, telemetry
from schoolops.observability.instruments import Reading, reads
from schoolops.queues.desk import overview
from schoolops.queues.registry import QUARANTINE, QUEUES
from schoolops.redis import connection as redis_connection
from schoolops.resilience import Breaker, State, breaker

_CONNECTIONS: Final = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
       current_setting('max_connections')::int
"""
_pushed: dict[tuple[str, str], int] = {}


@reads("machine")
def of_the_machine() -> Iterator[Reading]:
    yield metrics.MEMORY, (), machine.memory_used()[0]
    yield metrics.DISK, (), machine.disk_used()


@reads("queues")
def of_the_queues() -> Iterator[Reading]:
    try:
        now = overview.overview()
    finally:
        # This thread is asked every few seconds: it must not keep a connection in between.
        connection.close()
    for name, counts in now["queues"].items():
        yield metrics.JOBS_WAITING, (name,), counts["ready"]
        yield metrics.JOBS_OLDEST, (name,), counts["oldestSeconds"]
        yield metrics.JOBS_DEAD, (name,), counts["dead"]
    # Nobody knows while the broker is away.
    if now["unmanned"] is not None:
        for name in (*QUEUES, QUARANTINE):
            yield metrics.JOBS_UNMANNED, (name,), float(name in now["unmanned"])
    # A relay whose broker refuses to write hands on nothing.
    yield metrics.RELAY_LEADS, (), float(now["relay"] is not None and now["broker"] == "ok")


@reads("copies")
def of_the_copies() -> Iterator[Reading]:
    try:
        with outside_schools():
            stands = drilling.standing()
    finally:
        connection.close()
    if stands is not None:
        yield metrics.DRILL_FAILED, (), float(stands.failed)
        if stands.age is not None:
            yield metrics.DRILL_AGE, (), stands.age.total_seconds()


@reads("indexes")
def of_the_indexes() -> Iterator[Reading]:
    try:
        slugs = drifted.drifted()
    finally:
        connection.close()
    yield metrics.INDEX_DRIFT, (), len(slugs)


@reads("database")
def of_the_database() -> Iterator[Reading]:
    try:
        with outside_schools(), connection.cursor() as cursor:
            cursor.execute(_CONNECTIONS)
            used, most = cursor.fetchone()
    finally:
        connection.close()
    yield metrics.DB_CONNECTIONS, (), used
    yield metrics.DB_CONNECTIONS_MOST, (), most


def pool_states(pool: ConnectionPool[Any] | None) -> dict[str, int]:
    """State → how many connections of ``pool`` are in it, or requests wait; zeros without one."""
    if pool is None:
        return {"in_use": 0, "idle": 0, "waiting": 0}
    now = pool.get_stats()
    idle = now["pool_available"]
    return {"in_use": now["pool_size"] - idle, "idle": idle, "waiting": now["requests_waiting"]}


def of_this_process() -> None:
    """Every few seconds, in every process."""
    metrics.PROCESS_MEMORY.set(psutil.Process().memory_info().rss)
    metrics.REDIS_CONNECTIONS.set(redis_connection.open_connections())
    for state, number in pool_states(getattr(connection, "pool", None)).items():
        metrics.DB_POOL.set(number, state)
    for each in breaker.breakers():
        metrics.BREAKER_OPEN.set(float(each.in_force), each.name)
    for (entry, tier), count in counters.counts().items():
        labels = entry, tier.value
        if more := count - _pushed.get(labels, 0):
            metrics.CACHE_ANSWERS.count(*labels, times=more)
            _pushed[labels] = count


def breaker_changed(changed: Breaker, state: State) -> None:
    metrics.BREAKER_CHANGES.count(changed.name, state.value)
    metrics.BREAKER_OPEN.set(float(state is not State.CLOSED), changed.name)


telemetry.each_tick(of_this_process)
breaker.on_change(breaker_changed)
