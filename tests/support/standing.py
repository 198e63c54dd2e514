"""What fixtures that are ``kept`` have made: a year at Oak, its people, and whatever a folder or a file adds to them.

It is made in a transaction that stays open, each in a savepoint of its own, in the order in which the test comes to
them; a test then works in a savepoint within, as it would in a transaction, and is given copies. Making them anew took
longer than most tests that need them.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.factories import people
from tests.support.kept import Wanted


@dataclass(frozen=True, slots=True)
class _Made:
    wanted: Wanted
    within: transaction.Atomic
    # What this one and those before it have made, as it is with this one: making it may have changed them.
    whole: dict[Wanted, Any]


class Standing:
    """What is made, one within the other, on this thread's connection."""

    def __init__(self) -> None:
        self.oak: School | None = None
        self._made: list[_Made] = []
        self._on: Any = None
        # Of this test. What refers to one another does so in the copies.
        self._copies: dict[int, Any] = {}

    def ask_for(self, wanted: Sequence[Wanted]) -> None:
        """Have exactly these, or nothing. Nothing is kept inside anybody's transaction."""
        self._copies = {}
        if connection.needs_rollback or connection.connection is not self._on:
            # The last test closed the connection, or lost it.
            self._undo_to(0)
        kept = 0
        for made, each in zip(self._made, wanted, strict=False):
            if made.wanted != each:
                break
            kept += 1
        self._undo_to(kept)
        if self.oak is None or (not self._made and connection.in_atomic_block):
            return
        for each in wanted[kept:]:
            self._make(each, self.oak)

    def of(self, given: Any, named: dict[str, Any]) -> Any:
        """A copy of what this fixture has made; made for this test alone, of what is named, where nothing is kept."""
        for wanted, made in self._made[-1].whole.items() if self._made else ():
            if wanted.given is given:
                return copy.deepcopy(made, self._copies)
        return given._keeps(**named)

    def _make(self, wanted: Wanted, oak: School) -> None:
        copies: dict[int, Any] = {}
        before = self._made[-1].whole if self._made else {}
        whole = {each: copy.deepcopy(made, copies) for each, made in before.items()}
        ground = {"in_oak": oak, "school_day": people.SCHOOL_DAY}
        named = {name: ground[name] if of is None else whole[of] for name, of in wanted.made_of}
        within = transaction.atomic()
        # As Django's own test cases mark theirs: what must be outermost may begin within.
        within._from_testcase = True  # type: ignore[attr-defined]
        within.__enter__()
        with inside(oak), clock.frozen(people.SCHOOL_MOMENT):
            whole[wanted] = wanted.given._keeps(**named)  # type: ignore[attr-defined]
            connection.check_constraints()
        self._made.append(_Made(wanted, within, whole))
        self._on = connection.connection

    def _undo_to(self, count: int) -> None:
        while len(self._made) > count:
            transaction.set_rollback(True)
            self._made.pop().within.__exit__(None, None, None)
