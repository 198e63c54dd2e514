"""What the limits of logins and requests have counted, in Redis and in this process; what Redis was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings


def forget_what_was_counted() -> None:
    """Nobody has failed and nobody has asked, in any school."""
    from schoolops.ratelimit import turns, windows  # noqa: PLC0415 - the settings are not read when this file is

    # Not the application's own client, which has no patience with a busy machine.
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=30) as server:
        if counted := list(server.scan_iter("*:ratelimit:*", count=1000)):
            server.delete(*counted)
    turns.forget_here()
    windows.forget_here()


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
