"""The broker (Redis or Valkey): a bus, not a store. It may lose everything at any time."""

from __future__ import annotations

import functools
from contextlib import suppress

import redis
from django.conf import settings

from schoolops.queues.relay import message
from schoolops.redis import sentinel
from schoolops.redis.connection import pool

BrokerUnavailable = redis.RedisError

GARBAGE_KEY = "jobs:garbage"
AGAIN_KEY = "jobs:again"
RELAY_KEY = "jobs:relay"
SENTINEL_KEY = "jobs:sentinel"
BOOT_KEY = "jobs:boot"
WORKERS_KEY = "jobs:workers"
HEALTH_KEY = "jobs:health"
MOST_GARBAGE = 1_000
# Of a worker's threads at once; nobody waits for one, so more than can be busy.
MOST_CONNECTIONS = 1_024


@functools.cache
def client() -> redis.Redis:
    """The process-wide client. Any failure is a ``BrokerUnavailable``; nothing is tried again but READONLY, once."""
    return redis.Redis(
        connection_pool=pool(
            settings.QUEUES_BROKER_URL, command_timeout_s=3.0, connect_timeout_s=1.0, most=MOST_CONNECTIONS
        )
    )


def for_celery() -> tuple[str, str]:
    """(URL, transport) that Celery is given. Behind Sentinel the URL is for its log: our channel reads the real one."""
    url: str = settings.QUEUES_BROKER_URL
    if not sentinel.is_sentinel(url):
        return url, "schoolops.queues.worker.consumer:Transport"
    named = sentinel.parse(url)
    host, port = named.sentinels[0]
    return f"sentinel://{host}:{port}/{named.db}", "schoolops.queues.worker.consumer:SentinelTransport"


def say_again(job_id: int, *, counted: bool = False) -> None:
    """Tell the relay that nothing came of this delivery, so that it does not wait for the lease.

    ``counted``: it counts among the deliveries that came to nothing. Not so where the job was merely held by somebody.
    """
    with suppress(BrokerUnavailable):
        client().rpush(AGAIN_KEY, -job_id if counted else job_id)


def say_booted(queue_key: str) -> None:
    """Tell the relay that a worker of this list has begun: what the one before had fetched is to be published again."""
    with suppress(BrokerUnavailable):
        client().hincrby(BOOT_KEY, queue_key, 1)


def check_that_it_writes(pipe: redis.client.Pipeline | None = None) -> None:
    """One write, into ``pipe`` or at once. Raises ``BrokerUnavailable``: it is away, or refuses (full, a replica …)."""
    (client() if pipe is None else pipe).set(HEALTH_KEY, 1, ex=60)


def say_alive(worker: str) -> None:
    """A worker's beat, at the broker's own time."""
    with suppress(BrokerUnavailable):
        seconds, _ = client().time()
        client().hset(WORKERS_KEY, worker, seconds)


def say_ended(worker: str) -> None:
    """This worker was told to end: nobody need miss it."""
    with suppress(BrokerUnavailable):
        client().hdel(WORKERS_KEY, worker)


def hand_back(broker_key: str, job_ids: list[int], *, timeout_s: int, mode: message.Mode) -> None:
    """Put jobs that came in one message back, last in line and each for itself: what they came with takes its time."""
    texts = [
        message.build([job_id], task="", broker_key=broker_key, timeout_s=timeout_s, mode=mode) for job_id in job_ids
    ]
    with suppress(BrokerUnavailable):
        client().lpush(broker_key, *texts)
