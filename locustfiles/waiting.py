"""Who waits to be let in: neither let in yet nor sent away, so that no request of theirs says what became of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from gevent import GreenletExit


class Line:
    """``len`` of it is how many wait. Whoever still does when the load is over has been in it since they came."""

    def __init__(self) -> None:
        self._people: set[Hashable] = set()

    def __len__(self) -> int:
        return len(self._people)

    @contextmanager
    def standing(self, who: Hashable) -> Iterator[None]:
        """In the line until the block is over: they are let in, or it failed. Ended with the load they stay in it."""
        self._people.add(who)
        try:
            yield
        except GreenletExit:
            raise
        except BaseException:
            self._people.remove(who)
            raise
        self._people.remove(who)
