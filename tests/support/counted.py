"""What the limits of logins and requests have counted, in Redis and in this process; what Redis was asked."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings

# Key → how long it lives in ms (0: for ever), and what Redis says of it.
Counted = dict[bytes, tuple[int, bytes]]


@functools.cache
def _at(url: str) -> redis.Redis:
    # Not the application's own client, which has no patience with a busy machine; one for all tests, since each begins
    # here, and to connect took longer than to ask.
    return redis.Redis.from_url(url, socket_timeout=30)


def _server() -> redis.Redis:
    return _at(settings.REDIS_URL)


def forget_what_was_counted() -> None:
    """Nobody has failed, nobody has asked and nobody was told to come again, in any school."""
    from apps.accounts.services import hashing  # noqa: PLC0415 - the settings are not read when this file is
    from schoolops.ratelimit import turns, windows  # noqa: PLC0415 - the settings are not read when this file is

    server = _server()
    if counted := list(server.scan_iter("*:ratelimit:*", count=1000)):
        server.delete(*counted)
    turns.forget_here()
    windows.forget_here()
    hashing.slots.cache_clear()


def what_was_counted() -> Counted:
    """All of it, in every school, for ``count_again``."""
    server = _server()
    keys = list(server.scan_iter("*:ratelimit:*", count=1000))
    asking = server.pipeline()
    for key in keys:
        asking.pttl(key).dump(key)
    said = asking.execute()
    return {key: (max(0, ttl), dumped) for key, ttl, dumped in zip(keys, said[::2], said[1::2], strict=True) if dumped}


def count_again(counted: Counted) -> None:
    """It is as it was when this was counted, and lives as long from now on."""
    forget_what_was_counted()
    telling = _server().pipeline()
    for key, (ttl, dumped) in counted.items():
        telling.restore(key, ttl, dumped)
    telling.execute()


@contextmanager
def round_trips_to_redis() -> Iterator[list[str]]:
    """The commands that this process sends meanwhile, a pipeline as ``PIPELINE``: one for each round trip."""
    from schoolops.redis import connection  # noqa: PLC0415 - the settings are not read when this file is

    guarded, asked = connection._guarded, []

    def counted(function: Any, *said: Any, **more: Any) -> Any:
        asked.append(str(said[0]) if said and isinstance(said[0], str) else "PIPELINE")
        return guarded(function, *said, **more)

    connection._guarded = counted
    try:
        yield asked
    finally:
        connection._guarded = guarded
