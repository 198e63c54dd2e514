"""Nobody's turn comes before everybody is let in, and then a Monday has of each kind of people what it is made of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import gevent
import pytest

from locustfiles.turns import Turns, mixed

PEOPLE = {"rolls": 5, "lists": 2, "family": 2, "marks": 2, "bills": 2}


@dataclass(eq=False)
class Somebody:
    kind: str
    log: list[str] = field(default_factory=list)
    takes_s: float = 0.0
    turns: int = 0

    def turn(self) -> None:
        self.turns += 1
        self.log.append(self.kind)
        gevent.sleep(self.takes_s)


def everybody(log: list[str], *, takes_s: float = 0.0) -> list[Somebody]:
    return [Somebody(kind, log, takes_s) for kind, number in PEOPLE.items() for _ in range(number)]


def test_any_stretch_of_turns_has_its_share_of_each_kind() -> None:
    twice = [each.kind for each in mixed(everybody([]))] * 2
    for at in range(13):
        assert Counter(twice[at : at + 13]) == PEOPLE
        assert Counter(twice[at : at + 7])["rolls"] in {2, 3}


@pytest.mark.parametrize("rate", [0.0, 2000.0])
def test_nobody_has_a_turn_before_everybody_came_or_stayed_away(rate: float) -> None:
    log: list[str] = []
    people, turns = everybody(log), Turns(14, rate=rate, seconds=0)
    monday = gevent.spawn(turns.play, lambda: log.append("begins"))
    for each in people:
        turns.came(each)
        gevent.sleep(0)
    assert log == []
    turns.stays_away()
    monday.join()
    assert log[0] == "begins"
    # However short it is, it is a round.
    assert Counter(log[1:]) == PEOPLE
    assert turns.taken == 13


def test_as_fast_as_they_are_answered_each_has_as_many_turns_as_anybody_else() -> None:
    people = everybody([])
    # Whose answers are slow has no fewer.
    people[0].takes_s = 0.02
    turns = Turns(len(people), rate=0, seconds=0.1)
    for each in people:
        turns.came(each)
    turns.play(lambda: None)
    had = [each.turns for each in people]
    assert max(had) - min(had) <= 1
    assert turns.taken == sum(had) > 13


def test_who_waits_for_an_answer_delays_nobody_elses_turn() -> None:
    log: list[str] = []
    turns = Turns(13, rate=1000, seconds=0)
    people = everybody(log, takes_s=0.5)
    for each in people:
        turns.came(each)
    gevent.spawn(turns.play, lambda: None)
    gevent.sleep(0.2)
    # Nobody has been answered by now.
    assert Counter(log) == PEOPLE
    assert turns.taken == 0
