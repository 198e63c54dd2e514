"""The telemetry buffer in Redis: one hash per metric and slice of ten seconds, to which every process adds.

Behind no circuit and with a budget of its own: it is also how we learn how slow Redis is while requests do not ask it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Final

import redis
from django.conf import settings

from schoolops.observability.metrics import REDIS_LATENCY
from schoolops.observability.percentiles import SLICE_S, wall_clock
from schoolops.observability.telemetry import Slices
from schoolops.redis.connection import TELEMETRY, pool

PREFIX: Final = "platform:telemetry"


def key(metric: str, number: int) -> str:
    return f"{PREFIX}:{metric}:{number}"


class Buffer:
    """Each process's way to the buffer. A failure is a ``redis.RedisError`` or ``OSError``."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._made: redis.Redis | None = None

    def _client(self) -> redis.Redis:
        if self._made is None:
            self._made = redis.Redis(
                connection_pool=pool(
                    self._url or settings.REDIS_URL,
                    command_timeout_s=TELEMETRY.command_timeout_s,
                    connect_timeout_s=TELEMETRY.connect_timeout_s,
                    most=4,
                )
            )
        return self._made

    def send(self, slices: Slices) -> None:
        """Add them all.

        A server that hangs is only asked whether it is there: what it had been sent it would add when it wakes up,
        once for every time that we tried.
        """
        client = self._client()
        began = time.perf_counter()
        try:
            client.ping()
        finally:
            REDIS_LATENCY.observe(time.perf_counter() - began)
        if not slices:
            return
        pipe = client.pipeline(transaction=True)
        for metric, counted in slices.items():
            for number, buckets in counted:
                for bucket, times in buckets.items():
                    pipe.hincrby(key(metric, number), str(bucket), times)
                pipe.expire(key(metric, number), TELEMETRY.ttl_s)
        pipe.execute()

    def read(self, names: Iterable[str], first_slice: int) -> dict[str, list[tuple[int, Counter[int]]]]:
        """What all processes have added since ``first_slice``."""
        wanted = [(name, number) for name in names for number in range(first_slice, int(wall_clock() // SLICE_S) + 2)]
        pipe = self._client().pipeline(transaction=False)
        for name, number in wanted:
            pipe.hgetall(key(name, number))
        found: dict[str, list[tuple[int, Counter[int]]]] = {}
        for (name, number), fields in zip(wanted, pipe.execute(), strict=True):
            if fields:
                buckets = Counter({int(bucket): int(times) for bucket, times in fields.items()})
                found.setdefault(name, []).append((number, buckets))
        return found
