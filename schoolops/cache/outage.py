"""Forgetting while Redis is away: kept in the process, and done before the next read is believed.

A process that reads does it then; one that does not is reminded every second by a thread that lives as long as there is
something to do. So another process may still believe what this one could not forget for as long as the circuit waits
between two attempts, two seconds at most. What may not be believed at all carries a version of its own (access).
"""

from __future__ import annotations

import secrets
import threading

from schoolops.redis.connection import CACHE, RedisUnavailable, client

MOST_PENDING = 10_000
STAMP_TTL_S = 24 * 3600
REMINDED_EVERY_S = 1.0

# Stamp → a mark of when it was last to be replaced, so that a replay does not take what came after it for done.
_pending: dict[str, object] = {}
_lock = threading.Lock()
_reminder: threading.Thread | None = None


def new_stamp() -> bytes:
    """A token nobody has seen before, rather than a count: a lost stamp can never come round to an old number."""
    return secrets.token_hex(8).encode()


def replace_stamps(stamp_keys: tuple[str, ...]) -> None:
    """Begin a new generation for each stamp, now if Redis is there, else before this process reads again."""
    try:
        _write(stamp_keys)
    except RedisUnavailable:
        _remember(stamp_keys)


def _remember(stamp_keys: tuple[str, ...]) -> None:
    mark = object()
    with _lock:
        if len(_pending) + len(stamp_keys) > MOST_PENDING:
            # Too many to remember: forget whole schools instead.
            schools = {_school_of(key) for key in (*_pending, *stamp_keys)}
            _pending.clear()
            _pending.update(dict.fromkeys(schools, mark))
        else:
            _pending.update(dict.fromkeys(stamp_keys, mark))
    _see_that_somebody_reminds()


def replay() -> None:
    """Do what could not be done. Raises ``RedisUnavailable`` when it still cannot: then nothing cached is believed."""
    if not _pending:
        return
    with _lock:
        due = dict(_pending)
    _write(tuple(due))
    with _lock:
        for key, mark in due.items():
            if _pending.get(key) is mark:
                del _pending[key]


def _see_that_somebody_reminds() -> None:
    global _reminder
    with _lock:
        if _reminder is None or not _reminder.is_alive():
            _reminder = threading.Thread(target=_remind, name="cache-outage", daemon=True)
            _reminder.start()


def _remind() -> None:
    pause = threading.Event()
    while _pending:
        pause.wait(REMINDED_EVERY_S)
        try:
            replay()
        except RedisUnavailable:
            continue


def _school_of(stamp_key: str) -> str:
    tenant, school, _ = stamp_key.split(":", 2)
    return f"{tenant}:{school}:gen"


def _write(stamp_keys: tuple[str, ...]) -> None:
    with client(CACHE).pipeline(transaction=False) as pipeline:
        for key in stamp_keys:
            pipeline.set(key, new_stamp(), ex=STAMP_TTL_S)
        pipeline.execute()
