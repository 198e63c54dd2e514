"""Whose turn it is on a Monday: nobody's, before everybody is let in; and then each has as many as anybody else."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import gevent
from gevent.event import Event

# So many are at it in the same moment where each is as fast as it is answered: twice what the web server has threads.
AT_ONCE = 16
# Longer than a request may take.
LAST_ANSWER_S = 60.0


class TakesTurns(Protocol):
    """Somebody of a ``kind``."""

    kind: str

    def turn(self) -> None: ...


Person = TypeVar("Person", bound=TakesTurns)


def mixed(people: Sequence[Person]) -> list[Person]:
    """In such an order that any stretch of it has its share of each kind."""
    kinds: dict[str, list[Person]] = {}
    for each in people:
        kinds.setdefault(each.kind, []).append(each)
    placed = [((place + 0.5) / len(same), each) for same in kinds.values() for place, each in enumerate(same)]
    return [each for _, each in sorted(placed, key=lambda found: found[0])]


class Turns:
    """The turns of ``expected`` people for ``seconds``, and for a round at least, so that each had one.

    ``rate`` turns a second, each when it is due and not when the last was answered; 0: as fast as they are answered.
    """

    def __init__(self, expected: int, *, rate: float, seconds: float) -> None:
        self.expected, self.rate, self.seconds = expected, rate, seconds
        self.present: list[TakesTurns] = []
        self.absent = self.taken = 0
        self.took_s = 0.0
        self._all_there = Event()

    def came(self, person: TakesTurns) -> None:
        self.present.append(person)
        self._look_round()

    def stays_away(self) -> None:
        self.absent += 1
        self._look_round()

    def _look_round(self) -> None:
        if len(self.present) + self.absent >= self.expected:
            self._all_there.set()

    def play(self, begin: Callable[[], None]) -> None:
        """Wait for everybody, ``begin``, and give the turns."""
        self._all_there.wait()
        begin()
        began = time.monotonic()
        if self.present and self.rate:
            self._when_they_are_due(began)
        elif self.present:
            self._as_fast_as_they_are_answered(began)
        self.took_s = time.monotonic() - began

    def _one(self, person: TakesTurns) -> None:
        person.turn()
        self.taken += 1

    def _as_fast_as_they_are_answered(self, began: float) -> None:
        line = enumerate(itertools.cycle(mixed(self.present)))

        def next_in_line() -> None:
            for number, person in line:
                if number >= len(self.present) and time.monotonic() - began >= self.seconds:
                    return
                self._one(person)

        gevent.joinall([gevent.spawn(next_in_line) for _ in range(AT_ONCE)])

    def _when_they_are_due(self, began: float) -> None:
        round_s = len(self.present) / self.rate
        # Each at a moment of their own, the same in every round: not evenly, for people are not.
        moments = sorted(((random.random() * round_s, each) for each in self.present), key=lambda found: found[0])
        under_way = []
        for number in itertools.count():
            for moment, person in moments:
                due = number * round_s + moment
                if number and due >= self.seconds:
                    gevent.joinall(under_way, timeout=LAST_ANSWER_S)
                    return
                gevent.sleep(max(0.0, began + due - time.monotonic()))
                under_way.append(gevent.spawn(self._one, person))
