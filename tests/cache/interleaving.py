"""Runs actors of real code one step at a time, in every order there is.

An actor is a function in a thread of its own that pauses at every ``pause()``; the stage lets one go on at a time. What
the orders are is found while going: each run follows a list of choices and notes where it could have chosen otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

LONGEST_STEP_S = 60.0
Act = Callable[[], None]

_here: ContextVar[Actor | None] = ContextVar("actor", default=None)


def pause() -> None:
    """A point at which another actor may go first; nothing outside of actors."""
    if (actor := _here.get()) is not None:
        actor.wait()


class Actor:
    """A thread that plays one function after the other; ``around`` is what it stands in, for all of them."""

    def __init__(self, around: Callable[[Act], None]) -> None:
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        self._act: Act | None = None
        self.finished = True
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=around, args=(self._run,), daemon=True)
        self._thread.start()

    def _run(self) -> None:
        _here.set(self)
        while True:
            self._go.acquire()
            if self._act is None:
                return
            try:
                self._act()
            except BaseException as failed:  # noqa: BLE001 - told to the stage, which raises it
                self.failed = failed
            self.finished = True
            self._stands.release()

    def plays(self, act: Act | None) -> None:
        self._act, self.finished = act, act is None

    def wait(self) -> None:
        self._stands.release()
        assert self._go.acquire(timeout=LONGEST_STEP_S)

    def step(self) -> None:
        self._go.release()
        assert self._stands.acquire(timeout=LONGEST_STEP_S), "an actor waits for another: that is no order of steps"
        if self.failed is not None:
            raise self.failed

    def leave(self) -> None:
        self.plays(None)
        self._go.release()
        self._thread.join(LONGEST_STEP_S)


def _one_run(actors: Sequence[Actor], choices: list[int]) -> list[int]:
    """Follow ``choices``, then always the first that can go on. Returns how many could at each step."""
    possible: list[int] = []
    while going := [actor for actor in actors if not actor.finished]:
        step = len(possible)
        if step == len(choices):
            choices.append(0)
        possible.append(len(going))
        going[choices[step]].step()
    return possible


def every_order(actors: Sequence[Actor], prepare: Callable[[], Sequence[Act]]) -> Iterator[list[int]]:
    """Yields after each run, with the choices that led there. ``prepare`` says anew what each actor plays."""
    choices: list[int] = []
    while True:
        for actor, act in zip(actors, prepare(), strict=True):
            actor.plays(act)
        possible = _one_run(actors, choices)
        yield list(choices)
        while choices and choices[-1] == possible[len(choices) - 1] - 1:
            choices.pop()
        if not choices:
            return
        choices[-1] += 1


@contextmanager
def two_actors(around: Callable[[Act], None]) -> Iterator[list[Actor]]:
    """Two threads that are there for all orders, each with a connection of its own."""
    actors = [Actor(around) for _ in range(2)]
    yield actors
    for actor in actors:
        actor.leave()
