"""The broker (Redis or Valkey): a bus, not a store. It may lose everything at any time."""

from __future__ import annotations

import functools
import logging
from contextlib import suppress

import redis
from django.conf import settings

from schoolops.queues import message
from schoolops.queues.registry import QUARANTINE_KEY, QUEUES
from schoolops.redis import sentinel
from schoolops.redis.connection import pool

log = logging.getLogger("schoolops.queues")

BrokerUnavailable = redis.RedisError

GARBAGE_KEY = "jobs:garbage"
AGAIN_KEY = "jobs:again"
RELAY_KEY = "jobs:relay"
# Gone: the broker forgot everything.
FORGETS_KEY = "jobs:sentinel"
BOOT_KEY = "jobs:boot"
WORKERS_KEY = "jobs:workers"
HEALTH_KEY = "jobs:health"
MOST_GARBAGE = 1_000
_KINDS = {
    **dict.fromkeys(
        (*(queue.broker_key for queue in QUEUES.values()), QUARANTINE_KEY, AGAIN_KEY, GARBAGE_KEY), b"list"
    ),
    **dict.fromkeys((BOOT_KEY, WORKERS_KEY), b"hash"),
    **dict.fromkeys((RELAY_KEY, FORGETS_KEY, HEALTH_KEY), b"string"),
}
ASIDE_FOR_S = 7 * 24 * 3600
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

    ``counted``: it counts among the deliveries that came to nothing. Not so where somebody merely had the job locked.
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


def set_strangers_aside() -> None:
    """What somebody put under a key of ours and is of another kind answers each of our commands with an error.

    It is kept for a week as ``jobs:garbage:KEY``, and the key is ours again.
    """
    pipe = client().pipeline(transaction=False)
    for key in _KINDS:
        pipe.type(key)
    for key, kind in zip(_KINDS, pipe.execute(raise_on_error=False), strict=True):
        if isinstance(kind, bytes) and kind not in {b"none", _KINDS[key]}:
            log.error("a %s that is not ours stood in the broker as %s and was set aside", kind.decode(), key)
            client().rename(key, f"{GARBAGE_KEY}:{key}")
            client().expire(f"{GARBAGE_KEY}:{key}", ASIDE_FOR_S)


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
