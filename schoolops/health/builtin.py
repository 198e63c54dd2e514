"""The checks every installation has: the database and Redis."""

from __future__ import annotations

from typing import Any

from django.db import connection

from schoolops.health.checks import Check, register
from schoolops.redis.connection import platform_redis


def _database() -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
    return {}


def _redis() -> dict[str, Any]:
    platform_redis().ping()
    return {}


register(Check("database", _database, failure="unavailable"))
register(Check("redis", _redis, failure="degraded"))
