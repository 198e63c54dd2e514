"""Facts that services announce, and the consequences that ``subscribers.py`` pages draw from them.

A subscriber runs at once, inside the publisher's transaction and school: it commits or rolls back with the fact.
Slow or outside work belongs into a task that the subscriber enqueues.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar

Event = TypeVar("Event")
Subscriber = Callable[[Any], None]

_subscribers: dict[type, list[Subscriber]] = defaultdict(list)


def subscribe(event: type[Event]) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """Declare a consequence of ``event`` (a frozen dataclass of ids). Importing twice subscribes once."""
    if not (is_dataclass(event) and event.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        raise TypeError(f"{event.__name__} is not a frozen dataclass: an event is a fact, made of ids.")

    def register(handler: Callable[[Event], None]) -> Callable[[Event], None]:
        known = {(each.__module__, each.__qualname__) for each in _subscribers[event]}
        if (handler.__module__, handler.__qualname__) not in known:
            _subscribers[event].append(handler)
        return handler

    return register


def publish(event: object) -> None:
    """Run every consequence of ``event``, in the order of declaration. An exception undoes the whole write."""
    for handler in _subscribers.get(type(event), ()):
        handler(event)


def wiring() -> Mapping[type, tuple[Subscriber, ...]]:
    """Event class → its subscribers, for ``manage.py show_wiring`` and its test."""
    return {event: tuple(handlers) for event, handlers in _subscribers.items()}
