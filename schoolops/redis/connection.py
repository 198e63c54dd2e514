"""The platform's own Redis connection (not a school's cache): short timeouts, no silent retries."""

from __future__ import annotations

import functools
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

# redis-py's own defaults (10 retries, 5 s each) hold a request for a minute when the server hangs.
CONNECT_TIMEOUT_S = 0.10
COMMAND_TIMEOUT_S = 0.15

RedisUnavailable = redis.RedisError


@functools.cache
def platform_redis() -> redis.Redis:
    """The process-wide client. Any failure is a ``RedisUnavailable``."""
    options: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": COMMAND_TIMEOUT_S,
        "socket_keepalive": True,
        "health_check_interval": 30,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    return redis.Redis.from_url(settings.REDIS_URL, **options)
