"""The table of queues, and every task that was declared. Procfile, routes, admin, health and docs read it from here."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from schoolops.errors import Misconfigured

if TYPE_CHECKING:
    from schoolops.queues.ledger.task import Task

Pool = Literal["threads", "prefork"]
# Jobs of queues up to this timeout are mostly done in milliseconds.
SHORT_S = 60


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue.

    ``in_flight`` jobs run at once at most; ``timeout_s`` stops one job; after ``tries`` failures a person decides.
    Waits between tries grow from ``backoff_s`` seconds, doubling, to five minutes, give or take a fifth.
    ``processes`` is how many children a prefork worker has; a thread worker shares ``connections`` backends.
    """

    name: str
    in_flight: int
    timeout_s: int
    tries: int
    backoff_s: float
    pool: Pool
    reason: str
    processes: int = 1
    connections: int = 4
    # Money: the commit is on disk before the next step, at the price of one fsync a job.
    durable_commit: bool = False

    @property
    def broker_key(self) -> str:
        """The list in the broker."""
        return f"jobs.{self.name}"

    @property
    def concurrency(self) -> int:
        """What a worker is started with: threads, or children."""
        return self.in_flight if self.pool == "threads" else self.processes

    @property
    def width(self) -> int:
        """How many jobs of it can be at the database at once."""
        return min(self.concurrency, self.connections) if self.pool == "threads" else self.processes

    @property
    def ahead(self) -> int:
        """How many messages a worker fetches before it can begin them: no other school's can be put before these.

        For children, who are slower to feed, four each; where a job may take minutes, one.
        """
        if self.pool == "threads":
            return self.connections
        return self.processes * (4 if self.timeout_s <= SHORT_S else 1)

    @property
    def window(self) -> int:
        """How many jobs the relay lets be outstanding in the broker: enough to keep busy, few enough to stay fair."""
        # Where jobs may take minutes, a school that comes late must not wait behind a hundred of them.
        return 120 if self.timeout_s <= SHORT_S else 4 * self.in_flight


ATTENDANCE = Queue(
    "attendance", in_flight=50, timeout_s=30, tries=3, backoff_s=1, pool="threads", connections=6,
    reason="Short jobs that wait for the database: many at once, over a handful of connections.",
)  # fmt: skip
NOTIFICATIONS = Queue(
    "notifications", in_flight=20, timeout_s=20, tries=3, backoff_s=2, pool="threads", connections=4,
    reason="Mail and SMS wait for a provider, not for us; no database connection is held meanwhile.",
)  # fmt: skip
EXAMINATIONS = Queue(
    "examinations", in_flight=15, timeout_s=60, tries=3, backoff_s=2, pool="prefork", processes=2,
    reason="Marks and ranks are computed in Python: processes use both cores, and can be killed.",
)  # fmt: skip
FEES = Queue(
    "fees", in_flight=20, timeout_s=30, tries=3, backoff_s=5, pool="threads", connections=4, durable_commit=True,
    reason="Money: short transactions, each on disk before the next step.",
)  # fmt: skip
REPORTS = Queue(
    "reports", in_flight=5, timeout_s=120, tries=2, backoff_s=5, pool="prefork", processes=2,
    reason="Long and hungry for memory: a process of its own is killed at its limit and gives everything back.",
)  # fmt: skip
IMPORTS = Queue(
    "imports", in_flight=5, timeout_s=120, tries=2, backoff_s=5, pool="prefork", processes=2,
    reason="Reads strangers' spreadsheets: what breaks, breaks alone in its process.",
)  # fmt: skip
PLATFORM = Queue(
    "platform", in_flight=2, timeout_s=120, tries=3, backoff_s=5, pool="threads", connections=2,
    reason="Housekeeping and fan-out over schools: rare, small, outside all schools or into each in turn.",
)  # fmt: skip

QUEUES: dict[str, Queue] = {
    queue.name: queue for queue in (ATTENDANCE, NOTIFICATIONS, EXAMINATIONS, FEES, REPORTS, IMPORTS, PLATFORM)
}

LONGEST_WAIT_S = 300.0
# Suspects run alone, one at a time, in a process of their own.
QUARANTINE = "quarantine"
QUARANTINE_KEY = f"jobs.{QUARANTINE}"


def wait_before_next_try(queue: Queue, attempts: int) -> float:
    """Seconds until the next try: doubling, at most five minutes, spread by a fifth so that a crowd disperses."""
    return min(queue.backoff_s * 2.0**attempts, LONGEST_WAIT_S) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


_tasks: dict[str, Task] = {}


class TaskNameTaken(Misconfigured):
    """Two tasks are called {name}."""

    code = "queues:task-name-taken"
    remedy = (
        "Give one of them another name with @task(name=…); a name is kept for good, since jobs in the ledger use it."
    )


def add(task: Task) -> None:
    """Remember a declared task. Importing its module twice is fine; another function of the same name is not."""
    known = _tasks.get(task.name)
    if known is not None and known.origin != task.origin:
        raise TaskNameTaken(name=task.name)
    _tasks[task.name] = task


def find(name: str) -> Task | None:
    """The task of that name, or ``None`` in code that does not know it (yet, or any more)."""
    return _tasks.get(name)


def tasks() -> Iterator[Task]:
    """Every declared task, by name."""
    for name in sorted(_tasks):
        yield _tasks[name]
