"""The first tier: what this request or job has read already. It ends with it, so it cannot go stale behind its back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from schoolops.redis.connection import one_strike

MOST_VALUES = 500


class LocalCache:
    """At most 500 values, the least recently used leaves first."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: OrderedDict[str, Any] = OrderedDict()

    def get(self, key: str) -> Any | None:
        """The value, or ``None``; a remembered ``None`` does not exist."""
        value = self.values.get(key)
        if value is not None:
            self.values.move_to_end(key)
        return value

    def put(self, key: str, value: Any) -> None:
        self.values[key] = value
        if len(self.values) > MOST_VALUES:
            self.values.popitem(last=False)

    def drop(self, key: str) -> None:
        self.values.pop(key, None)


_current: ContextVar[LocalCache | None] = ContextVar("schoolops_local_cache", default=None)


def local() -> LocalCache | None:
    """This request's or job's cache; ``None`` outside of one, where nothing is kept in the process."""
    return _current.get()


@contextmanager
def request_cache() -> Iterator[LocalCache]:
    """Give the enclosed request or job a cache of its own, and let it lose time to Redis once at most."""
    cache = LocalCache()
    token = _current.set(cache)
    try:
        with one_strike():
            yield cache
    finally:
        _current.reset(token)
