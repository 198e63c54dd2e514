"""The jobs: one effect in a table without unique constraints, so that a job done twice shows."""

from __future__ import annotations

import ctypes
import os
import signal
import time

from django.db import connection

from schoolops.context import current_school
from schoolops.errors import Conflict
from schoolops.queues import (
    ATTENDANCE,
    EXAMINATIONS,
    FEES,
    IMPORTS,
    NOTIFICATIONS,
    PLATFORM,
    REPORTS,
    Queue,
    Task,
    task,
)
from schoolops.queues.job import finishing, running_or_none


class NotNeeded(Conflict):
    """This is not needed any more."""

    code = "chaos:not-needed"


def effect(n: int, kind: str) -> None:
    """Write ``n`` into the current school, or fail in the way ``kind`` says."""
    if kind == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "refuse":
        raise NotNeeded
    job = running_or_none()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chaos_effect (n, school, job_id, pid, at) VALUES (%s, %s, %s, %s, clock_timestamp())",
            [n, current_school().slug, job.job_id if job else 0, os.getpid()],
        )
    if kind == "raise":
        raise ValueError("it fails at every try")


def _atomic(queue: Queue) -> Task:
    @task(queue=queue, name=f"chaos.atomic.{queue.name}")
    def atomic(*, n: int, kind: str) -> None:
        effect(n, kind)

    return atomic


def _leased(queue: Queue) -> Task:
    @task(queue=queue, name=f"chaos.leased.{queue.name}", leased=True, tracked=True)
    def leased(*, n: int, kind: str) -> None:
        with finishing():
            effect(n, kind)

    return leased


TASKS: tuple[Task, ...] = (
    _atomic(ATTENDANCE),
    _atomic(EXAMINATIONS),
    _atomic(FEES),
    _atomic(PLATFORM),
    _leased(NOTIFICATIONS),
    _leased(REPORTS),
    _leased(IMPORTS),
)


@task(queue=NOTIFICATIONS, name="chaos.slow", leased=True)
def slow(*, n: int, kind: str) -> None:
    """Takes two seconds before its last transaction."""
    time.sleep(2)
    with finishing():
        effect(n, kind)


@task(queue=ATTENDANCE, name="chaos.careful")
def careful(*, n: int, kind: str) -> None:
    """Takes two seconds inside its transaction."""
    effect(n, kind)
    time.sleep(2)


@task(queue=EXAMINATIONS, name="chaos.deaf", timeout_s=1, tries=2)
def deaf(*, n: int, kind: str) -> None:
    """Sits in C for a minute: no exception reaches it, only SIGKILL."""
    effect(n, kind)
    ctypes.CDLL(None).sleep(60)


@task(queue=NOTIFICATIONS, name="chaos.deaf_on_threads", timeout_s=1, tries=1)
def deaf_on_threads(*, n: int, kind: str) -> None:
    """As ``deaf``, where no process can be killed for one thread's sake; ends long after its connection was cut."""
    effect(n, kind)
    ctypes.CDLL(None).sleep(60)
