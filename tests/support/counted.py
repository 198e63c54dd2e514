"""What the limits of logins and requests have counted, in Redis and in this process."""

from __future__ import annotations

import redis
from django.conf import settings


def forget_what_was_counted() -> None:
    """Nobody has failed and nobody has asked, in any school."""
    from schoolops.ratelimit import delays, windows  # noqa: PLC0415 - the settings are not read when this file is

    # Not the application's own client, which has no patience with a busy machine.
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=30) as server:
        if counted := list(server.scan_iter("*:ratelimit:*", count=1000)):
            server.delete(*counted)
    delays.forget_here()
    windows.forget_here()
