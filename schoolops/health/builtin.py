"""The checks every installation has: that it is not stopping, memory, the database and Redis."""

from __future__ import annotations

import os
from typing import Any, Final

from django.db import connection

from schoolops.health import machine
from schoolops.health.checks import Check, register
from schoolops.observability import exposition, metrics, slots
from schoolops.redis.connection import platform_redis

# Beyond it the kernel is about to choose a process to kill.
MEMORY_FULL: Final = 0.90


class Draining(Exception):
    """This server has been told to stop: finish what is begun, send nobody else."""


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


def _memory() -> dict[str, Any]:
    used, whose = machine.memory_used()
    facts = {"usedPercent": round(used * 100, 1), "of": whose}
    return facts if used <= MEMORY_FULL else {**facts, "status": "degraded"}


def _serving() -> dict[str, Any]:
    folder = slots.folder()
    # The server is the parent of each of its web processes.
    if folder is not None and slots.drain_file(folder, os.getppid()).exists():
        raise Draining
    return {}


def _circuits() -> dict[str, Any]:
    """Of all processes: the one that answers may not be the one that is refused."""
    found = sorted(labels["breaker"] for labels, value in exposition.live(metrics.BREAKER_OPEN) if value)
    return {"open": found, "status": "degraded"} if found else {"open": []}


register(Check("serving", _serving, failure="unavailable"))
register(Check("memory", _memory, failure="degraded"))
register(Check("database", _database, failure="unavailable"))
register(Check("redis", _redis, failure="degraded"))
register(Check("circuits", _circuits, failure="degraded"))
