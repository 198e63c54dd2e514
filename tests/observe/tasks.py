"""The rehearsal's jobs: one says hello, one fails at every try, one waits for a worker that does not run
yet, one finds what a nightly check would."""

from __future__ import annotations

import logging

from schoolops.observability import metrics
from schoolops.queues import ATTENDANCE, IMPORTS, task

log = logging.getLogger("schoolops.observe")


@task(queue=ATTENDANCE, name="observe.hello")
def hello(*, n: int) -> None:
    log.warning("hello from the job", extra={"facts": {"n": n}})


@task(queue=ATTENDANCE, name="observe.fails")
def fails(*, n: int) -> None:
    raise ValueError("it fails at every try")


@task(queue=IMPORTS, name="observe.waits")
def waits(*, n: int) -> None:
    log.warning("was waited for", extra={"facts": {"n": n}})


@task(queue=ATTENDANCE, name="observe.drifts")
def drifts(*, n: int) -> None:
    metrics.DERIVED_DRIFT.count(times=n)


@task(queue=ATTENDANCE, name="observe.books")
def books(*, n: int) -> None:
    metrics.FEES_DIFFERENCES.count(times=n)


TASKS = {"hello": hello, "fails": fails, "waits": waits, "drifts": drifts, "books": books}
