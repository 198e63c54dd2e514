"""Direct access to the ledger for the relay, the workers' boot and the operators: outside schools, raw SQL."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from schoolops.queues import pipeline, registry
from schoolops.queues.ledger import statements
from schoolops.tenancy import direct

Unreachable = psycopg.OperationalError

MOST_CRASHES = 3
MOST_DELIVERIES = 25


@dataclass(frozen=True, slots=True)
class Suspect:
    """A job that a dead process had in hand."""

    job_id: int
    over_time: bool
    incident: int
    token: int = 0


def report_dead_process(suspects: Sequence[Suspect], *, worker: str) -> None:
    """A process died with these jobs in hand: they become suspects; those that were over their time have failed a try.

    Raises:
        Unreachable: not all was written; say it again, nothing is counted twice.
    """
    with direct.connect("boot", statement_s=10, lock_s=2) as connection:
        if crashed := [suspect for suspect in suspects if not suspect.over_time]:
            reported = {
                "ids": [suspect.job_id for suspect in crashed],
                "tokens": [suspect.token for suspect in crashed],
                "workers": [f"{socket.gethostname()} #{suspect.incident}" for suspect in crashed],
                "error": "Its process died while running it.",
            }
            for (job_id,) in connection.execute(statements.SUSPECT, reported):
                pipeline.step(pipeline.SUSPECT, "", job_id=job_id)
            pipeline.pause_here(pipeline.SUSPECT)
            bury_poison(connection, reported["ids"])
        for suspect in suspects:
            if suspect.over_time:
                _fail_over_time(connection, suspect, worker)


def bury_poison(connection: psycopg.Connection[Any], job_ids: object) -> None:
    """Those that took down three processes go to the desk."""
    buried = {"ids": job_ids, "most": MOST_CRASHES, "error": f"{MOST_CRASHES} processes died while running it."}
    for job_id, queue, request_id in connection.execute(statements.BURY_POISON, buried):
        # Under the request that wanted it, as a worker says it of its own.
        pipeline.step(pipeline.BURY, queue, job_id=job_id, reason="poison", requestId=request_id)


def _fail_over_time(connection: psycopg.Connection[Any], suspect: Suspect, worker: str) -> None:
    row = connection.execute(statements.OVER_TIME, {"id": suspect.job_id, "token": suspect.token}).fetchone()
    if row is None:
        return
    queue_name, task_name, attempts, spent, token = row
    queue = registry.QUEUES.get(queue_name, registry.PLATFORM)
    task = registry.find(task_name)
    connection.execute(
        statements.FAIL,
        {
            "id": suspect.job_id,
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
