"""The opponent: ordinary Celery, set as carefully as it can be, publishing on commit. It loses jobs; we must see it."""

from __future__ import annotations

from typing import Any

import django
from celery import Celery
from django.conf import settings

django.setup()

from schoolops.context import inside  # noqa: E402
from schoolops.tenancy.lifecycle import get_school  # noqa: E402
from tests.chaos.tasks import effect  # noqa: E402

app = Celery("plain", broker=settings.REDIS_URL, backend=None)
app.conf.update(
    task_ignore_result=True,
    task_default_queue="plain",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"visibility_timeout": 5, "unacked_restore_interval": 1, "unacked_restore_throttle": 1},
    worker_hijack_root_logger=False,
)


@app.task(name="plain.effect", autoretry_for=(Exception,), retry_backoff=1, retry_backoff_max=4, max_retries=20)
def plain_effect(school: str, n: int, kind: str) -> None:
    with inside(get_school(school)):
        effect(n, kind)


def publish(school: str, n: int, kind: str) -> Any:
    """What ``transaction.on_commit(task.delay)`` does."""
    return plain_effect.apply_async((school, n, kind), retry=False)
