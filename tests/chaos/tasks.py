"""The jobs: one effect in a table without unique constraints, so that a job done twice shows."""

from __future__ import annotations

import ctypes
import os
import signal
import time

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

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
from schoolops.queues.job import calling_outside, finishing, job_or_none
from schoolops.tenancy import direct


class NotNeeded(Conflict):
    """This is not needed any more."""

    code = "chaos:not-needed"


def effect(n: int, kind: str) -> None:
    """Write ``n`` into the current school, or fail in the way ``kind`` says."""
    if kind == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "refuse":
        raise NotNeeded
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chaos_effect (n, school, job_id, pid, at) VALUES (%s, %s, %s, %s, clock_timestamp())",
            [n, current_school().slug, job_or_none() or 0, os.getpid()],
        )
    if kind == "raise":
        raise ValueError("it fails at every try")


def _atomic(queue: Queue) -> Task:
    @task(queue=queue, name=f"chaos.atomic.{queue.name}", refused="discard")
    def atomic(*, n: int, kind: str) -> None:
        effect(n, kind)

    return atomic


def _leased(queue: Queue) -> Task:
    @task(queue=queue, name=f"chaos.leased.{queue.name}", leased=True, tracked=True, refused="discard")
    def leased(*, n: int, kind: str) -> None:
        with finishing():
            effect(n, kind)

    return leased


@task(queue=NOTIFICATIONS, name="chaos.letter", outside="keyed", refused="discard")
def letter(*, n: int, kind: str) -> None:
    """Makes a link and sends a letter that leads to it."""
    school = current_school()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO chaos_link (n) VALUES (%s)", [n])
    with calling_outside():
        arrive(n, schema=school.schema_name, role=school.role_name)
    with finishing():
        effect(n, kind)


def arrive(n: int, *, schema: str, role: str) -> None:
    """Whoever gets the letter follows its link at once, and finds it or does not."""
    with direct.connect("reader", statement_s=5, lock_s=5) as reader:
        reader.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        there = reader.execute(
            sql.SQL("SELECT 1 FROM {}.chaos_link WHERE n = %s").format(sql.Identifier(schema)), [n]
        ).fetchone()
    with (settings.CHAOS_FOLDER / "letters").open("a") as letters:
        letters.write(f"{n} {'good' if there else 'early'}\n")


TASKS: tuple[Task, ...] = (
    _atomic(ATTENDANCE),
    _atomic(EXAMINATIONS),
    _atomic(FEES),
    _atomic(PLATFORM),
    _leased(NOTIFICATIONS),
    _leased(REPORTS),
    _leased(IMPORTS),
    letter,
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
