"""The telemetry buffer: each process counts in slices of ten seconds and hands them on every few seconds.

Counts commute, so what could not be handed on is kept and goes with the next. Where they go is for ``schoolops.redis``
to say, which stands above: it registers a ``Sink``.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from schoolops.observability.percentiles import SLICE_S, Rolling, bucket_of, merged, wall_clock

log = logging.getLogger(__name__)

FLUSH_S: Final = 5.0
# A counter has one bucket. No latency has this one: it would be a million years.
ONE: Final = 2_000_000

Slices = dict[str, list[tuple[int, Counter[int]]]]


class Sink(Protocol):
    """Where slices of all processes are added up."""

    def send(self, slices: Slices) -> None:
        """Add them. Raises ``Exception`` when nothing of it was added."""

    def read(self, names: Iterable[str], first_slice: int) -> dict[str, list[tuple[int, Counter[int]]]]:
        """The slices from ``first_slice`` on of each metric, of all processes. Raises when they cannot be read."""


_rolling: dict[str, Rolling] = {}
_making = threading.Lock()
_sink: Sink | None = None
_ticks: list[Callable[[], None]] = []
_begun = False
_thread: threading.Thread | None = None


def use(sink: Sink) -> None:
    """Hand slices to ``sink``."""
    global _sink
    _sink = sink


def each_tick(function: Callable[[], None]) -> None:
    """Call ``function`` before each handing on, for what a process measures of itself."""
    if function not in _ticks:
        _ticks.append(function)


def rolling(name: str) -> Rolling:
    """This process's slices of one metric."""
    found = _rolling.get(name)
    if found is None:
        with _making:
            found = _rolling.setdefault(name, Rolling(wall_clock))
    return found


def took(name: str, milliseconds: float) -> None:
    """One sample of a latency, now."""
    rolling(name).put(bucket_of(milliseconds))
    if _begun and _thread is None:
        _start()


def counted(name: str, times: int) -> None:
    """So many more of a counter, now."""
    rolling(name).put(ONE, times)
    if _begun and _thread is None:
        _start()


def begin() -> None:
    """From the first sample on, hand on in a thread of its own: for a process that serves or works."""
    global _begun
    _begun = True


def _start() -> None:
    global _thread
    if sys.is_finalizing():
        # A thread begun now would never run, and whoever starts it would wait for it.
        return
    with _making:
        if _thread is None:
            _thread = threading.Thread(target=_hand_on_for_ever, name="telemetry", daemon=True)
            _thread.start()


def _hand_on_for_ever() -> None:
    while True:
        time.sleep(FLUSH_S)
        hand_on()


def hand_on() -> bool:
    """Hand on what has come in; keep it when that fails. Returns whether it was handed on."""
    tick()
    if _sink is None:
        return False
    taken = {name: slices for name, kept in list(_rolling.items()) if (slices := kept.take())}
    try:
        _sink.send(taken)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the counts are kept for the next time
        for name, slices in taken.items():
            rolling(name).give_back(slices)
        log.debug("telemetry is kept: %s", failure)
        return False
    return True


def tick() -> None:
    """Let everything that a process measures of itself be measured."""
    for function in _ticks:
        try:
            function()
        except Exception:
            # Said with its traceback. The others are measured all the same, and the thread that hands on lives.
            log.exception("a measurement failed")


def window(names: Iterable[str], seconds: int) -> tuple[dict[str, Counter[int]], str]:
    """Counts of the last ``seconds`` per metric, and their scope: ``installation``, or ``process`` without the sink.

    What other processes have not handed on yet (up to five seconds) is missing.
    """
    names = list(names)
    first = int(wall_clock() // SLICE_S) - seconds // SLICE_S + 1
    if _sink is not None:
        try:
            shared = _sink.read(names, first)
        except Exception as failure:  # noqa: BLE001 - then this process alone is better than nothing
            log.debug("telemetry of this process only: %s", failure)
        else:
            return {
                name: merged([*(buckets for _, buckets in shared.get(name, [])), rolling(name).unsent(first)])
                for name in names
            }, "installation"
    return {name: rolling(name).recent(first) for name in names}, "process"


def _after_fork() -> None:
    """A child counts for itself: what its parent has not handed on, the parent will."""
    global _thread, _making
    _rolling.clear()
    _making = threading.Lock()
    _thread = None


os.register_at_fork(after_in_child=_after_fork)
