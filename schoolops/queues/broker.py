"""The broker (Redis or Valkey): a bus, not a store. It may lose everything at any time."""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from schoolops.queues import message

BrokerUnavailable = redis.RedisError

GARBAGE_KEY = "jobs:garbage"
AGAIN_KEY = "jobs:again"
RELAY_KEY = "jobs:relay"
SENTINEL_KEY = "jobs:sentinel"
BOOT_KEY = "jobs:boot"
MOST_GARBAGE = 1_000


@functools.cache
def client() -> redis.Redis:
    """The process-wide connection to the broker. Any failure is a ``BrokerUnavailable``; nothing is retried."""
    options: dict[str, Any] = {
        "socket_connect_timeout": 1.0,
        "socket_timeout": 3.0,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    return redis.Redis.from_url(settings.QUEUES_BROKER_URL, **options)


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


def hand_back(broker_key: str, job_ids: list[int], *, timeout_s: int, durable: bool) -> None:
    """Put jobs that came in one message back, first in line and each for itself: somebody else is free for them."""
    texts = [
        message.build([job_id], task="", broker_key=broker_key, timeout_s=timeout_s, durable=durable)
        for job_id in reversed(job_ids)
    ]
    with suppress(BrokerUnavailable):
        client().rpush(broker_key, *texts)
