"""The cheap first answer to "was this enqueued already?": a key in Redis, written after commit, never the authority.

A miss, or Redis away, only means asking PostgreSQL. A hit is believed, so what PostgreSQL has forgotten must be gone
here too: whom Redis does not hear keeps the name, and says it again before it believes anything.
"""

from __future__ import annotations

import threading
import time

from django.db import transaction

from schoolops.redis.connection import RedisUnavailable, platform_redis

TTL_S = 24 * 3600
# While Redis does not answer, asking it would cost every enqueue its timeout.
SPARED_S = 5.0

REMINDED_EVERY_S = 1.0
SETTLED_EVERY_S = 0.1

_spared_until = 0.0
# Names that Redis still has to forget, and the thread that tells it as soon as it listens.
_owed: set[str] = set()
_reminder: threading.Thread | None = None
_lock = threading.Lock()


def _name(key: bytes) -> str:
    return f"platform:jobs:seen:{key.hex()}"


def first_job(key: bytes) -> int | None:
    """The job that was enqueued under ``key`` (SHA-256, school included) in the last 24 hours, if Redis knows it."""
    global _spared_until
    if time.monotonic() < _spared_until:
        return None
    try:
        _pay()
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
        _owed.update(_name(key) for key in keys)
        try:
            _pay()
        except RedisUnavailable:
            _see_that_somebody_pays()

    if keys:
        transaction.on_commit(forget)


def settle(within_s: float) -> int:
    """For a process that is about to end: wait until Redis has forgotten, and say how many names it has not."""
    until = time.monotonic() + within_s
    while _owed and time.monotonic() < until:
        time.sleep(SETTLED_EVERY_S)
    return len(_owed)


def _pay() -> None:
    """Raises ``RedisUnavailable``; then everything is still owed."""
    if not _owed:
        return
    names = tuple(_owed)
    platform_redis().delete(*names)
    _owed.difference_update(names)


def _see_that_somebody_pays() -> None:
    global _reminder
    with _lock:
        if _reminder is None or not _reminder.is_alive():
            _reminder = threading.Thread(target=_remind, name="jobs-seen", daemon=True)
            _reminder.start()


def _remind() -> None:
    pause = threading.Event()
    while _owed:
        pause.wait(REMINDED_EVERY_S)
        try:
            _pay()
        except RedisUnavailable:
            continue
