"""``python -m config.worker attendance``: a Celery worker for one queue, with the pool its row in the table says.

``quarantine`` is the queue of suspects: one process, one job at a time. Several queues at once are not offered: each
has its own pool, timeout and journal.
"""

from __future__ import annotations

import sys

from config.env import choose_settings
from schoolops.observability import telemetry
from schoolops.queues.registry import QUARANTINE, QUARANTINE_KEY, QUEUES
from schoolops.tenancy import boot


def arguments(name: str, log_level: str) -> list[str]:
    """Celery's command line for the worker of queue ``name``. Raises ``KeyError`` for one that is not in the table."""
    queue = None if name == QUARANTINE else QUEUES[name]
    pool = queue.pool if queue is not None else "prefork"
    concurrency = queue.concurrency if queue is not None else 1
    key = queue.broker_key if queue is not None else QUARANTINE_KEY
    return [
        # Without Celery's banner, which says what the table of queues does.
        "--quiet",
        "worker",
        f"--pool={pool}",
        f"--concurrency={concurrency}",
        f"--queues={key}",
        f"--hostname={name}@%h",
        f"--loglevel={log_level}",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]


def main(argv: list[str]) -> None:
    if len(argv) != 1 or argv[0] not in {*QUEUES, QUARANTINE}:
        sys.stderr.write(f"usage: python -m config.worker {{{','.join([*QUEUES, QUARANTINE])}}}\n")
        sys.exit(2)
    choose_settings()
    boot.refuse_to_start()
    # It reads the settings that were chosen just now.
    from config import celery  # noqa: PLC0415

    celery.serve(argv[0])
    telemetry.begin()
    celery.app.worker_main(arguments(argv[0], "WARNING"))


if __name__ == "__main__":
    main(sys.argv[1:])
