"""The checks every installation has: that it is not stopping, memory, the database and Redis."""

from __future__ import annotations

import os
from typing import Any, Final

import redis
from django.db import connection

from schoolops.health import drifted, machine
from schoolops.health.checks import Check, register
from schoolops.observability import exposition, metrics, slots
from schoolops.redis import boot
from schoolops.redis.connection import platform_redis

# Beyond it the kernel is about to choose a process to kill.
MEMORY_FULL: Final = 0.90


class Draining(Exception):
    """This server has been told to stop: finish what is begun, send nobody else."""


def _database() -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            # A write, on disk: a replica and a full disk answer questions as if all were well.
            cursor.execute("SELECT pg_logical_emit_message(true, 'schoolops', 'health')")
            cursor.execute("SELECT current_setting('transaction_read_only') = 'on'")
            if cursor.fetchone()[0]:
                return {"status": "unavailable", "error": "The database takes no writes."}
    finally:
        connection.close()
    return {}


def _redis() -> dict[str, Any]:
    try:
        # A write: a full one, a replica and one that cannot save its file answer PING as if all were well.
        platform_redis().set("platform:health", os.getpid(), ex=60)
    except redis.ResponseError as refused:
        return {"status": "degraded", "error": f"Redis refuses to write: {refused}"}
    policy = platform_redis().info("memory").get("maxmemory_policy", "noeviction")
    if policy not in boot.POLICIES:
        return {"status": "degraded", "error": f"Its maxmemory-policy {policy} may evict queued jobs."}
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


def _indexes() -> dict[str, Any]:
    """Schools are served without one of theirs, slowly."""
    try:
        slugs = drifted.drifted()
    finally:
        connection.close()
    return {"schools": len(slugs), "status": "degraded" if slugs else "ok"}


register(Check("serving", _serving, failure="unavailable"))
register(Check("memory", _memory, failure="degraded"))
register(Check("database", _database, failure="unavailable"))
register(Check("redis", _redis, failure="degraded"))
register(Check("circuits", _circuits, failure="degraded"))
register(Check("indexes", _indexes, failure="degraded"))
