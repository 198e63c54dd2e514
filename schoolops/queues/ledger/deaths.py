"""Direct access to the ledger for the relay, the workers' boot and the operators: outside schools, raw SQL."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import psycopg

from schoolops.queues import pipeline, registry
from schoolops.queues.ledger import statements
from schoolops.queues.worker.journal import Found
from schoolops.tenancy import direct

Unreachable = psycopg.OperationalError

MOST_CRASHES = 3
MOST_DELIVERIES = 25


def report_dead_process(found: Sequence[Found], *, worker: str) -> None:
    """A process died with these jobs in hand: they become suspects; those that were over their time have failed a try.

    Raises:
        Unreachable: not all was written; say it again, nothing is counted twice.
    """
    with direct.connect("boot", statement_s=10, lock_s=2) as connection:
        if crashed := [each for each in found if not each.over_time]:
            told = {
                "ids": [each.job_id for each in crashed],
                "tokens": [each.token for each in crashed],
                "workers": [f"{socket.gethostname()} #{each.incident}" for each in crashed],
                "error": "Its process died while running it.",
            }
            for (job_id,) in connection.execute(statements.SUSPECT, told):
                pipeline.step(pipeline.SUSPECT, "", job_id=job_id)
            pipeline.pause_here(pipeline.SUSPECT)
            bury_poison(connection, told["ids"])
        for each in found:
            if each.over_time:
                _fail_over_time(connection, each, worker)


def bury_poison(connection: psycopg.Connection[Any], job_ids: object) -> None:
    """Those that took down three processes go to the desk."""
    told = {"ids": job_ids, "most": MOST_CRASHES, "error": f"{MOST_CRASHES} processes died while running it."}
    for job_id, queue, request_id in connection.execute(statements.BURY_POISON, told):
        # Under the request that wanted it, as a worker says it of its own.
        pipeline.step(pipeline.BURY, queue, job_id=job_id, reason="poison", requestId=request_id)


def _fail_over_time(connection: psycopg.Connection[Any], found: Found, worker: str) -> None:
    row = connection.execute(statements.OVER_TIME, {"id": found.job_id, "token": found.token}).fetchone()
    if row is None:
        return
    queue_name, task_name, attempts, spent, token = row
    queue = registry.QUEUES.get(queue_name, registry.PLATFORM)
    task = registry.find(task_name)
    connection.execute(
        statements.FAIL,
        {
            "id": found.job_id,
            "attempts": attempts,
            "token": token,
            "tries": task.tries if task is not None else queue.tries,
            "delay": registry.wait_before_next_try(queue, attempts - spent),
            "now": False,
            "reason": statements.last_reason(timed_out=True),
            "outcome": "timed_out",
            "class": "JobTimeout",
            "error": "It took too long, did not stop when told to, and its process was killed.",
            "traceback": "",
            "worker": worker[:200],
        },
    )
