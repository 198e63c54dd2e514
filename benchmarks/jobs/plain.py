"""The opponent: the same effect as an ordinary Celery task, on the same broker and pools."""

from __future__ import annotations

import django
from celery import Celery
from django.conf import settings
from django.db import transaction

django.setup()

from benchmarks.jobs.tasks import effect  # noqa: E402
from schoolops.context import inside  # noqa: E402
from schoolops.tenancy.lifecycle import get_school  # noqa: E402

# Without Celery's Django fixup, which closes the database connection after every task: with it, Celery does a fifth.
app = Celery("plain", broker=settings.REDIS_URL, backend=None, fixups=[])
app.conf.update(
    task_ignore_result=True,
    task_default_queue="plain",
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    # Celery's defaults, or tuned: nothing acknowledged, so that every job in a worker is lost when it dies.
    broker_transport_options={"ack_emulation": not settings.BENCH_TUNED},
)
_schools: dict[str, object] = {}


@app.task(name="plain.effect")
def plain_effect(school: str, n: int) -> None:
    """What a Django task does: find its place, one transaction, one effect."""
    if school not in _schools:
        _schools[school] = get_school(school)
    with inside(_schools[school]), transaction.atomic():  # type: ignore[arg-type]
        effect(n)


@app.task(name="plain.nothing")
def plain_nothing(school: str, n: int) -> None:
    """Costs only what the queue costs."""
