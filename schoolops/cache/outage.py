"""Forgetting while Redis is away: kept in the process, and done before the next read is believed.

Another process may still read what this one could not invalidate, until this one's next attempt: at most the circuit's
longest pause (10 s).
"""

from __future__ import annotations

import secrets
import threading

from schoolops.redis.connection import CACHE, RedisUnavailable, client

MOST_PENDING = 10_000
STAMP_TTL_S = 24 * 3600

_pending: set[str] = set()
_lock = threading.Lock()


def replace_stamps(stamp_keys: tuple[str, ...]) -> None:
    """Begin a new generation for each stamp, now if Redis is there, else before this process reads again."""
    try:
        _write(stamp_keys)
    except RedisUnavailable:
        with _lock:
            if len(_pending) + len(stamp_keys) > MOST_PENDING:
                # Too many to remember: forget whole schools instead.
                schools = {_school_of(key) for key in (*_pending, *stamp_keys)}
                _pending.clear()
                _pending.update(schools)
            else:
                _pending.update(stamp_keys)


def replay() -> None:
    """Do what could not be done. Raises ``RedisUnavailable`` when it still cannot: then nothing cached is believed."""
    if not _pending:
        return
    with _lock:
        keys = tuple(_pending)
    _write(keys)
    with _lock:
        _pending.difference_update(keys)


def _school_of(stamp_key: str) -> str:
    tenant, school, _ = stamp_key.split(":", 2)
    return f"{tenant}:{school}:gen"


def _write(stamp_keys: tuple[str, ...]) -> None:
    with client(CACHE).pipeline(transaction=False) as pipeline:
        for key in stamp_keys:
            # A new random token rather than a count: a lost or evicted stamp can never come round to an old number.
            pipeline.set(key, secrets.token_hex(8), ex=STAMP_TTL_S)
        pipeline.execute()
