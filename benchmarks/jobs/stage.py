"""Two schools with a table for effects, and the measures that need Django."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from django.core.management import call_command
from django.db import connection, transaction

from benchmarks.jobs import plain, tasks
from schoolops.context import SchoolLike, inside, outside_schools
from schoolops.queues import ATTENDANCE, broker
from schoolops.queues.worker.runner import Runner
from schoolops.tenancy import owner
from schoolops.tenancy.lifecycle import get_school
from schoolops.tenancy.provisioning import create_school

TABLE = """
CREATE TABLE {schema}.bench_effect (n bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
GRANT ALL ON {schema}.bench_effect TO "{role}";
"""
LONGEST_S = 150.0


def build() -> None:
    """The shared tables, Oak and Elm."""
    with outside_schools():
        call_command("migrate", verbosity=0)
    for slug in ("oak", "elm"):
        school = create_school(slug=slug, name=slug.title(), domains=[f"{slug}.localhost"])
        with owner.owner_connection() as owning:
            owning.execute(TABLE.format(schema=school.schema_name, role=school.role_name))


def oak() -> SchoolLike:
    return get_school("oak")


def clear() -> None:
    """No jobs, no effects, nothing in the broker."""
    with owner.owner_connection() as owning:
        owning.execute("TRUNCATE public.queues_job, public.queues_deadletter, public.queues_attempt")
        owning.execute("TRUNCATE school_oak.bench_effect, school_elm.bench_effect")
        owning.execute("VACUUM public.queues_job")
    broker.client().flushdb()


# --- enqueueing -------------------------------------------------------------------------------------------------------
def enqueue_rate(jobs: int) -> float:
    """Jobs a second that one process writes in one open transaction."""
    with inside(oak()), transaction.atomic():
        began = time.perf_counter()
        for n in range(jobs):
            tasks.effect_on_threads.enqueue(n=n)
        rate = jobs / (time.perf_counter() - began)
        transaction.set_rollback(True)
    return rate


def delay_rate(jobs: int) -> float:
    """Jobs a second that one process publishes with Celery's ``.delay``."""
    plain.plain_effect.delay("oak", 0)
    began = time.perf_counter()
    for n in range(jobs):
        plain.plain_effect.delay("oak", n)
    rate = jobs / (time.perf_counter() - began)
    broker.client().flushdb()
    return rate


# --- processing -------------------------------------------------------------------------------------------------------
def fill_ledger(name: str, jobs: int) -> None:
    task = getattr(tasks, name)
    with inside(oak()):
        for first in range(0, jobs, 1000):
            task.enqueue_many([{"n": n} for n in range(first, min(jobs, first + 1000))])


def fill_broker(jobs: int) -> None:
    with plain.app.producer_pool.acquire(block=True) as producer:
        for n in range(jobs):
            plain.plain_effect.apply_async(("oak", n), producer=producer)


def rate(jobs: int) -> float:
    """Effects a second by their own timestamps: the median of twenty slices, without the first and the last.

    A slice holds several windows of the relay's; a pause of the machine spoils one of them.
    """
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        time.sleep(0.5)
        if _ask("SELECT count(*), 0 FROM school_oak.bench_effect")[0] >= jobs:
            break
    else:
        raise RuntimeError("the jobs were not done in time")
    (found, _) = _ask(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY jobs / seconds), 0 FROM ("
        " SELECT slice, count(*) AS jobs, extract(epoch FROM max(at) - min(before))::float8 AS seconds FROM ("
        "  SELECT at, lag(at) OVER (ORDER BY at) AS before, ntile(20) OVER (ORDER BY at) AS slice"
        "    FROM school_oak.bench_effect) e WHERE slice BETWEEN 2 AND 19 GROUP BY slice) s"
    )
    return found


def drained(jobs: int) -> float:
    """Jobs a second, by how fast the ledger empties."""
    began, left = 0.0, jobs
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        (now, _) = _ask("SELECT count(*), 0 FROM public.queues_job")
        if not began and now < jobs * 0.9:
            began, left = time.perf_counter(), int(now)
        if began and now <= jobs * 0.1:
            return (left - now) / (time.perf_counter() - began)
        time.sleep(0.02)
    raise RuntimeError("the jobs were not done in time")


def _ask(statement: str) -> tuple[float, float]:
    with owner.owner_connection() as owning:
        first, second = owning.execute(statement).fetchone() or (0, 0)
    return float(first), float(second)


# --- a flood, and depth -----------------------------------------------------------------------------------------------
def elm_windows(jobs: int) -> tuple[float, float]:
    """(Credit windows of Oak's jobs that began between Elm's enqueue and its start, seconds that this took)."""
    clear()
    fill_ledger("effect_on_threads", jobs)
    while _ask("SELECT count(*), 0 FROM school_oak.bench_effect")[0] < jobs / 20:
        time.sleep(0.02)
    (began, _) = _ask("SELECT extract(epoch FROM clock_timestamp()), 0")
    with inside(get_school("elm")):
        tasks.effect_on_threads.enqueue(n=1)
    started = 0.0
    while not started:
        time.sleep(0.005)
        (started, _) = _ask("SELECT coalesce(extract(epoch FROM min(at)), 0), 0 FROM school_elm.bench_effect")
    meanwhile = f"extract(epoch FROM at) BETWEEN {began} AND {started}"
    (oaks, _) = _ask(f"SELECT count(*), 0 FROM school_oak.bench_effect WHERE {meanwhile}")  # noqa: S608 - our numbers
    return oaks / ATTENDANCE.window, started - began


def costs(rows: int) -> dict[str, float]:
    """Microseconds to enqueue one job and to claim and end one, with ``rows`` other ready jobs in the ledger.

    The lowest tenth: what is above it is more and more other work on the machine.
    """
    clear()
    if rows:
        with owner.owner_connection() as owning:
            owning.execute(
                "INSERT INTO public.queues_job (school, queue, task, payload)"
                " SELECT CASE WHEN n %% 3 = 0 THEN 'elm' ELSE 'oak' END, 'attendance', 'bench.nothing.threads',"
                " jsonb_build_object('n', n) FROM generate_series(1, %s) n",
                [rows],
            )
            owning.execute("VACUUM ANALYZE public.queues_job")
    runner = Runner()
    with inside(oak()), transaction.atomic():
        enqueue = _lowest_tenth(3_000, lambda: tasks.effect_on_threads.enqueue(n=1))
        transaction.set_rollback(True)
    with inside(oak()):
        jobs = [each.job_id for each in tasks.effect_on_threads.enqueue_many([{"n": n} for n in range(1_500)])]
    claim = _lowest_tenth(1_500, lambda: runner.run([jobs.pop()], 30))
    clear()
    return {"enqueue": enqueue, "claim": claim}


def _lowest_tenth(times: int, act: Callable[[], object]) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) * 1e6)
    connection.close()
    return statistics.quantiles(found, n=10)[0]
