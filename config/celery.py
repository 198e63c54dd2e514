"""The Celery app: workers, pools and routing. What a job is and how it ends is the ledger's business."""

from __future__ import annotations

from typing import Any

import django
from billiard import current_process
from celery import Celery, bootsteps, signals
from celery.utils.log import get_task_logger
from kombu import Queue as BrokerQueue

django.setup()

from schoolops.queues import QUEUES, broker  # noqa: E402
from schoolops.queues.message import HARD_LIMIT_AFTER_S, RUN, Mode  # noqa: E402
from schoolops.queues.registry import QUARANTINE_KEY  # noqa: E402
from schoolops.queues.worker.process import Worker, worker_for  # noqa: E402

log = get_task_logger(__name__)

# No fixups: Celery's would look at database connections around every job; the runner does, where it must.
_broker_url, _broker_transport = broker.for_celery()
app = Celery("schoolops", broker=_broker_url, fixups=[])
app.conf.update(
    broker_transport=_broker_transport,
    broker_transport_options={
        # The ledger brings back what is lost, so nothing is acknowledged: 1.7 to 3.6 × the throughput.
        "ack_emulation": False,
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # One key per queue instead of four in every BRPOP.
        "priority_steps": [0],
    },
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Redis is only the messenger: a job may finish without it.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_acks_late=False,
    task_reject_on_worker_lost=False,
    task_ignore_result=True,
    result_backend=None,
    task_serializer="json",
    accept_content=["json"],
    task_create_missing_queues=False,
    task_default_queue="jobs.unrouted",
    task_queues=[
        BrokerQueue(key, routing_key=key)
        for key in (*(queue.broker_key for queue in QUEUES.values()), QUARANTINE_KEY, "jobs.unrouted")
    ],
    task_publish_retry=False,
    worker_send_task_events=False,
    # How many a worker fetches ahead is said by its queue's row, at every connection.
    worker_enable_prefetch_count_reduction=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_max_tasks_per_child=2_000,
    worker_max_memory_per_child=300_000,
    enable_utc=True,
)

_worker: Worker | None = None


def serve(name: str) -> None:
    """Say which queue this process works for; ``config.worker`` does, before Celery starts its pool."""
    global _worker
    _worker = worker_for(name)
    limit = (_worker.queue.timeout_s if _worker.queue is not None else 120) + HARD_LIMIT_AFTER_S
    app.conf.worker_soft_shutdown_timeout = limit


@app.task(name=RUN)
def run(job_ids: list[int], timeout_s: int, mode: int) -> None:
    """The only task Celery knows; the ledger says what each job is."""
    if _worker is None:
        raise RuntimeError("Start workers with `python -m config.worker QUEUE`.")
    if mode == Mode.LEASED:
        for job_id in job_ids:
            _worker.runner.run_leased(job_id, timeout_s)
    else:
        _worker.runner.run(job_ids, timeout_s, durable=mode == Mode.DURABLE)


class Announce(bootsteps.StartStopStep):
    """Each time the connection to the broker is made: what was fetched over the last one is gone, publish it again.

    And before the first: so many messages are fetched ahead as the queue's row says, which no option of Celery's can.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        if _worker is not None:
            parent.initial_prefetch_count = _worker.queue.ahead if _worker.queue is not None else 1

    def start(self, parent: Any) -> None:
        if _worker is not None:
            broker.say_booted(_worker.broker_key)


app.steps["consumer"].add(Announce)


@signals.worker_init.connect
def _boot(**kwargs: Any) -> None:
    if _worker is not None:
        _worker.boot()


@signals.worker_shutdown.connect
def _end(**kwargs: Any) -> None:
    if _worker is not None:
        _worker.end()


@signals.worker_process_init.connect
def _boot_child(**kwargs: Any) -> None:
    if _worker is not None:
        _worker.boot_child(getattr(current_process(), "index", 0) or 0)
