"""The cheap first answer to "was this enqueued already?": a key in Redis, written after commit, never the authority.

A miss, or Redis away, only means asking PostgreSQL.
"""

from __future__ import annotations

import time
from contextlib import suppress

from django.db import transaction

from schoolops.redis.connection import RedisUnavailable, platform_redis

TTL_S = 24 * 3600
# While Redis does not answer, asking it would cost every enqueue its timeout.
SPARED_S = 5.0

_spared_until = 0.0


def _name(key: bytes) -> str:
    return f"platform:jobs:seen:{key.hex()}"


def first_job(key: bytes) -> int | None:
    """The job that was enqueued under ``key`` (SHA-256, school included) in the last 24 hours, if Redis knows it."""
    global _spared_until
    if time.monotonic() < _spared_until:
        return None
    try:
        value = platform_redis().get(_name(key))
    except RedisUnavailable:
        _spared_until = time.monotonic() + SPARED_S
        return None
    return int(value) if isinstance(value, bytes) else None


def remember_after_commit(key: bytes, job_id: int) -> None:
    """Tell Redis once the caller's transaction has committed; forgotten by a rollback."""

    def remember() -> None:
        global _spared_until
        if time.monotonic() < _spared_until:
            return
        try:
            platform_redis().set(_name(key), job_id, ex=TTL_S, nx=True)
        except RedisUnavailable:
            _spared_until = time.monotonic() + SPARED_S

    transaction.on_commit(remember)


def forget_after_commit(*keys: bytes) -> None:
    """Let the same be enqueued again: its job was withdrawn, or an operator decided against it."""

    def forget() -> None:
        # Redis away or not: where it still remembers, the same is refused until its key expires.
        with suppress(RedisUnavailable):
            platform_redis().delete(*(_name(key) for key in keys))

    if keys:
        transaction.on_commit(forget)
