"""The matrix's jobs: one leaves a row in a table without keys, so that one done twice shows; one takes its
time over it; one is wanted once; one fails at every try."""

from __future__ import annotations

from django.db import connection

from schoolops.queues import ATTENDANCE, task


def _leave(n: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO failures_effect (n) VALUES (%s)", [n])


@task(queue=ATTENDANCE, name="failures.effect")
def effect(*, n: int) -> None:
    _leave(n)


@task(queue=ATTENDANCE, name="failures.slow")
def slow(*, n: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO failures_effect (n) SELECT %s FROM pg_sleep(0.5)", [n])


@task(queue=ATTENDANCE, name="failures.once", once_per=("n",))
def once(*, n: int) -> None:
    _leave(n)


@task(queue=ATTENDANCE, name="failures.fails")
def fails(*, n: int) -> None:
    raise ValueError("it fails at every try")


TASKS = {"effect": effect, "slow": slow, "once": once, "fails": fails}
