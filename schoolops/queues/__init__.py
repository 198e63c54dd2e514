"""Jobs that cannot be lost: a job is a row in the ledger until it is done or a person discards it."""

from schoolops.queues.job import NotSent, calling_outside, current_job, finishing, job_or_none, progress
from schoolops.queues.ledger.task import Duplicate, Enqueued, Task, long_task, task
from schoolops.queues.registry import (
    ATTENDANCE,
    EXAMINATIONS,
    FEES,
    IMPORTS,
    NOTIFICATIONS,
    PLATFORM,
    QUEUES,
    REPORTS,
    Queue,
)

__all__ = [
    "ATTENDANCE",
    "EXAMINATIONS",
    "FEES",
    "IMPORTS",
    "NOTIFICATIONS",
    "PLATFORM",
    "QUEUES",
    "REPORTS",
    "Duplicate",
    "Enqueued",
    "NotSent",
    "Queue",
    "Task",
    "calling_outside",
    "current_job",
    "finishing",
    "job_or_none",
    "long_task",
    "progress",
    "task",
]
