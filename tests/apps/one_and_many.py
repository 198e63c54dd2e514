"""What is done to many at once is what is done to each of them in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction

Said = tuple[Any, ...]


def rolled_back(work: Callable[[], Any]) -> Any:
    """What ``work`` gives, and nothing of what it wrote."""
    with transaction.atomic():
        found = work()
        transaction.set_rollback(True)
    return found


def expect_one_by_one(
    parts: Sequence[Sequence[Said]],
    do: Callable[[Sequence[Said]], Mapping[int, Exception]],
    written: Callable[[], Any],
) -> None:
    """The same rows, refusals and trail, by each of ``parts`` at once and by one wish after the other.

    ``do`` gives the refusals by their number, ``written`` all that can be seen afterwards.
    """

    def by(parts: Sequence[Sequence[Said]]) -> Any:
        refused = []
        for part in parts:
            done = do(part)
            refused += [type(done[number]) if number in done else None for number in range(len(part))]
        return refused, written()

    assert rolled_back(lambda: by(parts)) == rolled_back(lambda: by([[each] for part in parts for each in part]))
