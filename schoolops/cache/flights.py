"""One load per key at a time in this process; the others wait for it, each for a while only."""

from __future__ import annotations

import threading

# How long a thread, or a process, waits for another that is loading the same value before it asks the database itself.
PATIENCE_S = 2.0

_lock = threading.Lock()
_under_way: dict[str, threading.Event] = {}


class Flight:
    """``with Flight(key) as first_here:`` is true for the first at once, false for the others once it has landed."""

    __slots__ = ("_first", "_key")

    def __init__(self, key: str) -> None:
        self._key, self._first = key, False

    def __enter__(self) -> bool:
        with _lock:
            event = _under_way.get(self._key)
            if event is None:
                _under_way[self._key] = threading.Event()
        self._first = event is None
        if event is not None:
            event.wait(PATIENCE_S)
        return self._first

    def __exit__(self, *exc_info: object) -> None:
        if self._first:
            with _lock:
                landed = _under_way.pop(self._key)
            landed.set()
