"""Facts that services announce, and the consequences that ``subscribers.py`` pages draw from them.

A subscriber runs at once, inside the publisher's transaction and school: it commits or rolls back with the fact.
Slow or outside work belongs into a task that the subscriber enqueues.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, is_dataclass
from typing import Any, TypeVar

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Followed:
    """What a consequence touched beyond the write: ``number`` of ``what``; by ``job_id`` where it takes longer."""

    what: str
    number: int
    job_id: int | None = None


Subscriber = Callable[[Any], Followed | None]
_collected: ContextVar[list[Followed] | None] = ContextVar("followed", default=None)

_subscribers: dict[type, list[Subscriber]] = defaultdict(list)


def subscribe(event: type[Event]) -> Callable[[Callable[[Event], Followed | None]], Callable[[Event], Followed | None]]:
    """Declare a consequence of ``event`` (a frozen dataclass of ids). Importing twice subscribes once.

    ``following`` collects what it returns, for the answer to whoever wrote.
    """
    if not (is_dataclass(event) and event.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        raise TypeError(f"{event.__name__} is not a frozen dataclass: an event is a fact, made of ids.")

    def register(handler: Callable[[Event], Followed | None]) -> Callable[[Event], Followed | None]:
        known = {(subscriber.__module__, subscriber.__qualname__) for subscriber in _subscribers[event]}
        if (handler.__module__, handler.__qualname__) not in known:
            _subscribers[event].append(handler)
        return handler

    return register


def publish(event: object) -> None:
    """Run every consequence of ``event``, in the order of declaration. An exception undoes the whole write."""
    collected = _collected.get()
    for handler in _subscribers.get(type(event), ()):
        followed = handler(event)
        if followed is not None and collected is not None:
            collected.append(followed)


def followed() -> tuple[Followed, ...]:
    """What consequences returned so far inside the innermost ``following``, if any: one entry for each ``what``."""
    summed: dict[str, Followed] = {}
    for each in _collected.get() or ():
        before = summed.get(each.what, Followed(each.what, 0))
        summed[each.what] = Followed(each.what, before.number + each.number, each.job_id or before.job_id)
    return tuple(each for each in summed.values() if each.number)


@contextmanager
def following() -> Iterator[list[Followed]]:
    """What the writes inside led to, for their answer: filled while they run, one entry for each consequence."""
    collected: list[Followed] = []
    token = _collected.set(collected)
    try:
        yield collected
    finally:
        _collected.reset(token)


def wiring() -> Mapping[type, tuple[Subscriber, ...]]:
    """Event class → its subscribers, for ``manage.py show_wiring`` and its test."""
    return {event: tuple(handlers) for event, handlers in _subscribers.items()}
