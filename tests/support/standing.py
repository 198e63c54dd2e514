"""A year at Oak and its people, made once and kept for as long as one test after another asks for them.

They are made in a transaction that stays open, each in a savepoint of its own, in the order in which the test names
them; a test then works in a savepoint within, as it would in a transaction, and is given copies. Making them anew took
longer than most tests that need them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.people import Campus


def _a_campus() -> Campus:
    made = people.a_school_year(name="Oak Campus", sections=("7 B", "7 C"))
    people.some_students(12, section=made.sections["7 B"])
    people.some_students(3, section=made.sections["7 C"])
    return made


PEOPLE: dict[str, Callable[[Campus], Any]] = {
    "alice": lambda _: people.a_user("alice", role="head"),
    "bob": lambda campus: people.a_teacher("bob", of=campus.sections["7 B"]),
    "carol": lambda campus: people.a_guardian(
        "carol", of=[people.students_in(campus.sections[name])[0] for name in ("7 B", "7 C")]
    ),
    "dave": lambda _: people.a_user("dave", role="registrar"),
    "erin": lambda _: people.a_user("erin", role="administrator"),
}


@dataclass(frozen=True, slots=True)
class _Made:
    name: str
    within: transaction.Atomic
    what: Any


class Standing:
    """What is made, one within the other, on this thread's connection."""

    def __init__(self) -> None:
        self.oak: School | None = None
        self._made: list[_Made] = []
        self._on: Any = None

    def ask_for(self, names: Sequence[str]) -> None:
        """Have exactly these: the campus and some people, or nothing. Nothing is kept inside anybody's transaction."""
        if connection.needs_rollback or connection.connection is not self._on:
            # The last test closed the connection, or lost it.
            self._undo_to(0)
        kept = 0
        for made, name in zip(self._made, names, strict=False):
            if made.name != name:
                break
            kept += 1
        self._undo_to(kept)
        if self.oak is None or (not self._made and connection.in_atomic_block):
            return
        for name in names[kept:]:
            self._make(name, self.oak)

    def of(self, name: str, campus: Campus | None = None) -> Any:
        """A copy of what is kept under this name; made for this test alone where nothing is."""
        for made in self._made:
            if made.name == name:
                return copy.deepcopy(made.what)
        return _a_campus() if campus is None else PEOPLE[name](campus)

    def _make(self, name: str, oak: School) -> None:
        within = transaction.atomic()
        # As Django's own test cases mark theirs: what must be outermost may begin within.
        within._from_testcase = True  # type: ignore[attr-defined]
        within.__enter__()
        with inside(oak), clock.frozen(people.SCHOOL_MOMENT):
            what = PEOPLE[name](self._made[0].what) if self._made else _a_campus()
            connection.check_constraints()
        self._made.append(_Made(name, within, what))
        self._on = connection.connection

    def _undo_to(self, count: int) -> None:
        while len(self._made) > count:
            transaction.set_rollback(True)
            self._made.pop().within.__exit__(None, None, None)
