"""What makes each alert fire: one function per cause, registered with the alerts it must bring about.

To add one, write in the module it belongs to (or a new one beside it, imported below)::

    @cause("BreakerOpen")                                   # names of schoolops/observability/alerts.py
    def redis_is_away(stage: Stage) -> Iterator[None]:
        stage.redis.refuse()                                # the real cause, at the declared threshold
        yield                                               # the rehearsal waits here until all named alerts fire
        stage.redis.accept()                                # and then until they have resolved

``stage`` has two proxies (``redis``, ``database``; see ``tests/support/proxy.py``), ``ask`` (a request by a user
without any role), ``start``/``stop`` of programs, and ``group`` for memory. ``early`` is called at the beginning, for
what takes minutes; such causes come last. A declared alert without a cause fails
``tests/observability/test_alerts.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.observe.stage import PATIENCE_S, Stage


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause. ``patience_s``: how long its alerts may take to fire; ``root``: only root can bring it about."""

    alerts: frozenset[str]
    drive: Callable[[Stage], AbstractContextManager[None]]
    patience_s: float
    early: Callable[[Stage], object] | None
    root: bool


_causes: list[Cause] = []


def cause(
    *alerts: str,
    patience_s: float = PATIENCE_S,
    early: Callable[[Stage], object] | None = None,
    root: bool = False,
) -> Callable[[Callable[[Stage], Iterator[None]]], Callable[[Stage], Iterator[None]]]:
    """Register a function that brings ``alerts`` about until it is resumed."""

    def register(function: Callable[[Stage], Iterator[None]]) -> Callable[[Stage], Iterator[None]]:
        _causes.append(Cause(frozenset(alerts), contextmanager(function), patience_s, early, root))
        return function

    return register


def causes() -> list[Cause]:
    """All of them; those that are begun early come last, those that take the server away before them."""
    return sorted(_causes, key=lambda each: (each.early is not None, "TargetDown" in each.alerts))


@contextmanager
def repeatedly(action: Callable[[int], object], every_s: float) -> Iterator[None]:
    """Call ``action(1)``, ``action(2)`` … from a thread while the block runs."""
    over = threading.Event()

    def act() -> None:
        number = 0
        while not over.wait(every_s):
            number += 1
            action(number)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# They register themselves.
from tests.observe.causes import jobs, machine, people, servers  # noqa: E402, F401
