"""What is shut in a school that stands up from a backup: what had ended since the backup must not begin again with it.

Those who keep what opens something (sessions, tokens, links) register; they are asked inside the school before anybody
can reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol


class Shutting(Protocol):
    """Shuts in the current school, in the current transaction.

    ``beside``: the school it is a copy of goes on, so nobody logs into this one as into that.
    """

    def __call__(self, *, beside: bool) -> None: ...


_shuttings: list[Shutting] = []
_writes: dict[str, frozenset[str]] = {}


def shuts_in_a_copy(*, writes: Mapping[str, frozenset[str]]) -> Callable[[Shutting], Shutting]:
    """Register a function that shuts something. It may run again.

    ``writes``: the columns it writes by table; none for a table that it empties.
    """

    def register(shutting: Shutting) -> Shutting:
        _shuttings.append(shutting)
        _writes.update(writes)
        return shutting

    return register


def shut_columns(table: str) -> frozenset[str] | None:
    """The columns of ``table`` that are written; empty: the whole table is emptied; ``None``: it is left alone."""
    return _writes.get(table)


def shut(*, beside: bool) -> None:
    """Shut all of it in the current school."""
    for shutting in _shuttings:
        shutting(beside=beside)
