"""A ledger with real commits: tests here look at what other connections see, and what a crash leaves."""

from __future__ import annotations

from typing import Any

from django.db import connection

from schoolops.context import inside, outside_schools
from schoolops.queues import broker, registry
from schoolops.queues.desk import overview
from schoolops.queues.models import Attempt, DeadLetter, Job, Outcome
from schoolops.queues.worker.runner import Runner
from schoolops.redis.connection import platform_redis
from schoolops.tenancy.models import School

TABLES = (
    "queues_job", "queues_deadletter", "queues_attempt", "queues_oncekey", "queues_outcome", "queues_queuestate",
    "queues_backlog", "queues_tick", "queues_rememberedanswer", "queues_operatoraction",
)  # fmt: skip


def empty_the_ledger() -> None:
    with outside_schools(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")
    broker.client.cache_clear()
    platform_redis().flushdb()
    overview.forget()


class Ledger:
    """What stands in the ledger, and a runner of this process to run it with."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.runner = Runner(patience_s=0)

    def jobs(self) -> list[Job]:
        with outside_schools():
            return list(Job.objects.order_by("id"))

    def letters(self) -> list[DeadLetter]:
        with outside_schools():
            return list(DeadLetter.objects.order_by("id"))

    def attempts(self) -> list[Attempt]:
        with outside_schools():
            return list(Attempt.objects.order_by("id"))

    def outcomes(self) -> list[Outcome]:
        with outside_schools():
            return list(Outcome.objects.order_by("job_id"))

    def enqueue(self, task: Any, **payload: Any) -> int:
        with inside(self.school):
            return int(task.enqueue(**payload).job_id)

    def run(self, *job_ids: int, timeout_s: int = 30) -> None:
        """Run these jobs, or all that are due, once each."""
        for job_id in job_ids or [job.pk for job in self.jobs() if job.run_at is None]:
            run(self.runner, job_id, timeout_s=timeout_s)

    def make_due(self) -> None:
        self.sql("UPDATE queues_job SET run_at = NULL")

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with outside_schools(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def effects(self) -> list[int]:
        """What the bodies wrote into the school's own table."""
        with inside(self.school), connection.cursor() as cursor:
            cursor.execute("SELECT n FROM effect ORDER BY n")
            return [n for (n,) in cursor.fetchall()]


def run(runner: Runner, job_id: int, *, timeout_s: int = 30) -> None:
    """Run the job by the way in that the relay would name for its task."""
    with outside_schools():
        name = Job.objects.filter(pk=job_id).values_list("task", flat=True).first()
    task = registry.find(name or "")
    if task is not None and task.leased:
        runner.run_leased(job_id, timeout_s)
    else:
        runner.run([job_id], timeout_s)


def write(n: int) -> None:
    """The effect of a test's task, seen by ``Ledger.effects``."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (n) VALUES (%s)", [n])
