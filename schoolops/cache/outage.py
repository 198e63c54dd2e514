"""Forgetting while Redis is away: kept in the process, and done before the next read is believed.

A process that reads does it then; one that does not is reminded every second by a thread that lives as long as there is
something to do. So another process may still believe what this one could not forget for as long as the circuit waits
between two attempts, two seconds at most. What may not be believed at all carries a version of its own (access).

A new master behind Sentinel may not have heard of what was forgotten just before the old one died: that is done again.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque

from django.conf import settings

from schoolops.redis import sentinel
from schoolops.redis.connection import CACHE, RedisUnavailable, client

MOST_PENDING = 10_000
STAMP_TTL_S = 24 * 3600
REMINDED_EVERY_S = 1.0
# Longer than Sentinel takes to believe in a death, and what replicas lag behind.
DOUBTED_S = 30.0

# Stamp → a mark of when it was last to be replaced, so that a replay does not take what came after it for done.
_pending: dict[str, object] = {}
# (when, stamp) that were replaced of late, behind Sentinel; appended to without the lock.
_of_late: deque[tuple[float, str]] = deque(maxlen=MOST_PENDING)
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
    else:
        if sentinel.is_sentinel(settings.REDIS_URL):
            now = time.monotonic()
            _of_late.extend((now, key) for key in stamp_keys)


def _doubt_what_was_done_of_late() -> None:
    """A new master: replace again what was replaced on the old one, which may have died before it told its replicas."""
    since = time.monotonic() - DOUBTED_S
    done = list(_of_late)
    stamp_keys = {key for when, key in done if when >= since}
    if len(done) == MOST_PENDING and done[0][0] >= since:
        # There were more than we know of.
        stamp_keys |= {_school_of(key) for key in stamp_keys}
    if stamp_keys:
        _remember(tuple(stamp_keys))


sentinel.on_new_master(_doubt_what_was_done_of_late)


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
