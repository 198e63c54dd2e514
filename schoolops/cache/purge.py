"""Removing everything that is cached of a school: when it leaves, or when an operator wants to be sure."""

from __future__ import annotations

from collections import Counter
from typing import cast

from django.conf import settings

from schoolops.cache.entry import forget_school
from schoolops.cache.keys import prefix
from schoolops.redis.connection import patient_redis

_AT_ONCE = 1000


def purge_school() -> int:
    """Forget at once, then delete the current school's keys in small steps (SCAN and UNLINK, never KEYS); how many."""
    forget_school()
    redis = patient_redis(settings.REDIS_URL)
    removed = 0
    cursor = 0
    while True:
        cursor, found = redis.scan(cursor, match=f"{prefix()}*", count=_AT_ONCE)
        # Stamps stay: without them a value that is being stored right now would be believed.
        values = [key for key in found if not cast(bytes, key).startswith(f"{prefix()}gen".encode())]
        if values:
            removed += int(redis.unlink(*values))
        if cursor == 0:
            return removed


def keys_by_entry() -> Counter[str]:
    """How many values of each entry the current school has in Redis."""
    redis = patient_redis(settings.REDIS_URL)
    names: Counter[str] = Counter()
    for key in redis.scan_iter(match=f"{prefix()}*", count=_AT_ONCE):
        names[key.decode().split(":")[2]] += 1
    names.pop("gen", None)
    return names
