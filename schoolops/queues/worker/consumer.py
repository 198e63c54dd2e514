"""Celery's Redis transport, hardened: one bad list item ends up in ``jobs:garbage`` instead of stopping the worker.

Celery exits on some items and, worse, puts some of them back first. Nothing is lost by setting an item aside: the job
it may have stood for is a live row, and is published again.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING, Any

import orjson
import redis
from django.conf import settings
from kombu.transport import redis as stock

from schoolops.observability.metrics import JOB_STEPS
from schoolops.queues import broker, message
from schoolops.redis.connection import VerifiedSentinelConnection, pool

log = logging.getLogger("schoolops.queues")

# While it refuses, it is asked this often.
REFUSED_PAUSE_S = 1.0


class Hardened(stock.Channel):
    """Reads what the relay wrote and nothing else."""

    if TYPE_CHECKING:
        # Not in the stubs.
        connection_errors: tuple[type[Exception], ...]
        _queue_cycle: Any
        _flush_brpop_reauth: Any

    def _brpop_read(self, **options: Any) -> bool:
        try:
            try:
                popped = self.client.parse_response(self.client.connection, "BRPOP", **options)
            except self.connection_errors as failed:
                # Disconnected, so that the next turn of the loop connects anew; at once only if it was not an answer.
                self.client.connection.disconnect()
                if isinstance(failed, redis.ResponseError | redis.InvalidResponse):
                    time.sleep(REFUSED_PAUSE_S)
                raise
            if not popped:
                raise Empty
            key, item = popped
            name = key.decode() if isinstance(key, bytes) else key
            self._queue_cycle.rotate(name)
            if message.is_ours(item):
                self.connection._deliver(orjson.loads(item), name)  # noqa: SLF001 - as the stock channel does
            else:
                set_aside(item)
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()


class Channel(Hardened):
    """To one server."""


class SentinelChannel(Hardened, stock.SentinelChannel):
    """To whichever server Sentinel names as the master, over our connections: verified, and no timeout left out."""

    connection_class = VerifiedSentinelConnection

    if TYPE_CHECKING:
        _connparams: Any
        socket_timeout: float
        socket_connect_timeout: float
        max_connections: int

    def _sentinel_managed_pool(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - the library's
        made: Any = pool(
            settings.QUEUES_BROKER_URL,
            command_timeout_s=self.socket_timeout,
            connect_timeout_s=self.socket_connect_timeout,
            most=self.max_connections,
            # Made by the library around ours: it takes a lost connection out of the event loop.
            connection_class=self._connparams(asynchronous)["connection_class"],
        )
        # Kept where the library looks for what it has to close.
        setattr(self, "_async_sentinel_manager" if asynchronous else "_sentinel_manager", made.sentinel_manager)
        return made


# Full, a replica by now, unable to save its file, garbled: an error is an answer, and Celery would end for good on it.
# Taken for a lost connection, it is one that is made again, with Celery's waits in between.
_LOST = (*stock.Transport.connection_errors, redis.RedisError)


class Transport(stock.Transport):
    """``broker_transport = "schoolops.queues.worker.consumer:Transport"``."""

    Channel = Channel
    connection_errors = _LOST


class SentinelTransport(stock.SentinelTransport):
    """The same behind Sentinel."""

    Channel = SentinelChannel
    connection_errors = _LOST


def set_aside(item: bytes | str) -> None:
    """Keep what nobody can read for an operator to look at, the newest thousand."""
    JOB_STEPS.count("garbage", "all")
    log.error("a message that is not ours was set aside", extra={"facts": {"bytes": len(item)}})
    with suppress(broker.BrokerUnavailable):
        client = broker.client()
        client.lpush(broker.GARBAGE_KEY, item[:64_000])
        client.ltrim(broker.GARBAGE_KEY, 0, broker.MOST_GARBAGE - 1)
