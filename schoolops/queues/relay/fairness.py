"""Whose turn it is: how many jobs each school may have out, and behind whom a message goes. Nothing here asks anybody.

A school alone may fill the window. As soon as another waits, each has its share of it at once, whatever is out already,
and in line the schools take turns; so whoever comes late waits for a few jobs of each other school, not for a backlog.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """The window of one queue: ``size`` jobs may be out at once; twice as many while shares are being evened out.

    ``out``: how many jobs each school has at the broker and with workers. ``waiting``: the schools with jobs that are
    due, those that are out among them. A school is ``slow`` whose jobs do not come to an end: it has at most
    ``most_of_slow`` out while others wait, and what it has beyond takes no other's room.
    """

    size: int
    out: Mapping[str, int]
    waiting: Collection[str]
    slow: Collection[str] = frozenset()
    most_of_slow: int = 1

    @property
    def share(self) -> int:
        """What each school may have out, whatever others have."""
        return max(1, self.size // max(1, len({*self.waiting, *self.out})))

    def rooms(self) -> dict[str, int]:
        """How many more each waiting school may be given. Empty, while asking the ledger would bring too little."""
        shares = {school: min(self.share, self._limit(school)) for school in self.waiting}
        # Half of it at a time: a query for each finished job would cost more than it brings.
        worth_it = self._free() >= self.size // 2 or any(
            2 * self._has(school) <= share for school, share in shares.items()
        )
        if not worth_it or not self.most():
            return {}
        rooms = {
            school: min(self._limit(school), max(share, self._has(school) + self._free())) - self._has(school)
            for school, share in shares.items()
        }
        return {school: room for school, room in rooms.items() if room > 0}

    def most(self) -> int:
        """How many all schools together may be given now."""
        lacking = sum(max(0, min(self.share, self._limit(school)) - self._has(school)) for school in self.waiting)
        return max(self._free(), min(lacking, 2 * self.size - self._taken()))

    def given(self, turns: Sequence[int]) -> int:
        """How many of the jobs that were found to give. ``turns``: of each, the how-manieth of its school, sorted."""
        return min(self.most(), max(self._free(), sum(turn <= self.share for turn in turns)))

    def _has(self, school: str) -> int:
        return self.out.get(school, 0)

    def _limit(self, school: str) -> int:
        others_wait = not set(self.slow).issuperset(self.waiting)
        return self.most_of_slow if others_wait and school in self.slow else self.size

    def _taken(self) -> int:
        return sum(min(jobs, self._limit(school)) for school, jobs in self.out.items())

    def _free(self) -> int:
        return max(0, self.size - self._taken())


def merged(
    line: Sequence[Mapping[str, int]], joining: Sequence[Mapping[str, int]], slow: Collection[str] = frozenset()
) -> list[tuple[int, int]]:
    """Where messages go that join a line: (behind how many of those that stand in it, which), in the order of the line.

    A message is given as the jobs it carries of each school. Everybody's first job goes before anybody's second, what
    came first before what joins, and each school's own stay in their order. Slow schools go behind the others.
    """
    seen: Counter[str] = Counter()
    behind_own: dict[str, int] = {}
    turns = []
    for position, jobs in enumerate(line, 1):
        turns.append(_turn(jobs, seen, slow))
        seen.update(jobs)
        behind_own.update(dict.fromkeys(jobs, position))
    positions = []
    for which, jobs in enumerate(joining):
        turn = _turn(jobs, seen, slow)
        seen.update(jobs)
        behind = next((position for position, other in enumerate(turns) if other > turn), len(turns))
        behind = max([behind, *(behind_own.get(school, 0) for school in jobs)])
        behind_own.update(dict.fromkeys(jobs, behind))
        positions.append((behind, turn, which))
    return [(behind, which) for behind, _, which in sorted(positions)]


def _turn(jobs: Mapping[str, int], seen: Mapping[str, int], slow: Collection[str]) -> float:
    return min((seen.get(school, 0) + 1 for school in jobs if school not in slow), default=math.inf)
