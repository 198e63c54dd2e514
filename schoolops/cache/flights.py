"""One look and one load per key at a time in this process.

Whoever asks while another is at it takes the answer of the *next* one: it begins later than they asked, so it is as
fresh as their own would be, and one of them gets it for all. The answer of the one under way might be too old: it may
have read before a write that they know of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

# How long a thread, or a process, waits for another that is loading the same value before it asks the database itself.
PATIENCE_S = 2.0

Value = TypeVar("Value")


class _Flight:
    """``turn``: the one before has landed. ``claimed``: somebody flies it. ``landed``: the answer is there, if any."""

    __slots__ = ("after", "answered", "claimed", "landed", "turn", "value")

    def __init__(self, *, claimed: bool) -> None:
        self.claimed = claimed
        self.after: _Flight | None = None
        self.answered = False
        self.value: Any = None
        if not claimed:
            # Nobody waits for the first one: they wait for the one after.
            self.turn, self.landed = threading.Event(), threading.Event()


_lock = threading.Lock()
_under_way: dict[str, _Flight] = {}


def share(key: str, work: Callable[[], Value]) -> Value:
    """``work()``, or what it answered another thread that began it after this one asked. Raises what it raises."""
    with _lock:
        current = _under_way.get(key)
        if current is None:
            flight = _under_way[key] = _Flight(claimed=True)
        elif current.claimed:
            flight = current.after = current.after or _Flight(claimed=False)
        else:
            # Those who waited for it have lost their patience.
            flight, current.claimed = current, True
            current = None
    if current is None:
        return _fly(key, flight, work)
    if not flight.turn.wait(PATIENCE_S):
        return work()
    with _lock:
        ours, flight.claimed = not flight.claimed, True
    if ours:
        return _fly(key, flight, work)
    if flight.landed.wait(PATIENCE_S) and flight.answered:
        answer: Value = flight.value
        return answer
    return work()


def _fly(key: str, flight: _Flight, work: Callable[[], Value]) -> Value:
    try:
        flight.value = value = work()
        flight.answered = True
    finally:
        with _lock:
            following = flight.after
            if following is None:
                del _under_way[key]
            else:
                _under_way[key] = following
        if hasattr(flight, "landed"):
            flight.landed.set()
        if following is not None:
            following.turn.set()
    return value
