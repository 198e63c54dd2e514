"""The measured work: one INSERT into the school's own table, or nothing at all."""

from __future__ import annotations

from django.db import connection

from schoolops.queues import ATTENDANCE, EXAMINATIONS, task


def effect(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_effect (n) VALUES (%s)", [number])


@task(queue=ATTENDANCE, name="bench.effect.threads")
def effect_on_threads(*, n: int) -> None:
    effect(n)


@task(queue=EXAMINATIONS, name="bench.effect.prefork")
def effect_on_prefork(*, n: int) -> None:
    effect(n)


@task(queue=ATTENDANCE, name="bench.nothing.threads")
def nothing_on_threads(*, n: int) -> None:
    """Costs only what the queue costs."""


@task(queue=EXAMINATIONS, name="bench.nothing.prefork")
def nothing_on_prefork(*, n: int) -> None:
    """Costs only what the queue costs."""
