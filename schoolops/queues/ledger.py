"""Direct access to the ledger for the relay, the workers' boot and the operators: outside schools, raw SQL."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import psycopg
from django.conf import settings

from schoolops.queues import pipeline, registry, statements
from schoolops.queues.journal import Found

Unreachable = psycopg.OperationalError

MOST_CRASHES = 3
MOST_DELIVERIES = 25


def connect(purpose: str) -> psycopg.Connection[Any]:
    """A connection of our own as the web login, autocommit, with keepalives so that a dead host is noticed."""
    entry = settings.DATABASES["default"]
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    parameters = {key: entry[name] for key, name in named.items() if entry.get(name)}
    return psycopg.connect(
        **parameters,
        autocommit=True,
        prepare_threshold=2,
        connect_timeout=3,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        application_name=f"schoolops:{purpose}",
    )


def report_dead_process(found: Sequence[Found], *, worker: str) -> None:
    """A process died with these jobs in hand: they become suspects; those that were over their time have failed a try.

    Raises:
        Unreachable: not all was written; say it again, nothing is counted twice.
    """
    with connect("boot") as connection:
        if crashed := [each for each in found if not each.over_time]:
            told = {
                "ids": [each.job_id for each in crashed],
                "workers": [f"{socket.gethostname()} #{each.incident}" for each in crashed],
                "error": "Its process died while running it.",
            }
            for (job_id,) in connection.execute(statements.SUSPECT, told):
                pipeline.step(pipeline.SUSPECT, "", job_id=job_id)
            pipeline.pause_here(pipeline.SUSPECT)
            bury_poison(connection, told["ids"])
        for each in found:
            if each.over_time:
                _fail_over_time(connection, each.job_id, worker)


def bury_poison(connection: psycopg.Connection[Any], job_ids: object) -> None:
    """Those that took down three processes go to the desk."""
    told = {"ids": job_ids, "most": MOST_CRASHES, "error": f"{MOST_CRASHES} processes died while running it."}
    for job_id, queue, request_id in connection.execute(statements.BURY_POISON, told):
        # Under the request that wanted it, as a worker says it of its own.
        pipeline.step(pipeline.BURY, queue, job_id=job_id, reason="poison", requestId=request_id)


def _fail_over_time(connection: psycopg.Connection[Any], job_id: int, worker: str) -> None:
    row = connection.execute("SELECT queue, task, attempts FROM public.queues_job WHERE id = %s", [job_id]).fetchone()
    if row is None:
        return
    queue = registry.QUEUES.get(row[0], registry.PLATFORM)
    task = registry.find(row[1])
    connection.execute(
        statements.FAIL,
        {
            "id": job_id,
            "attempts": row[2],
            "tries": task.tries if task is not None else queue.tries,
            "delay": registry.wait_before_next_try(queue, row[2]),
            "now": False,
            "reason": statements.last_reason(timed_out=True),
            "outcome": "timed_out",
            "class": "JobTimeout",
            "error": "It took too long, did not stop when told to, and its process was killed.",
            "traceback": "",
            "worker": worker[:200],
        },
    )
