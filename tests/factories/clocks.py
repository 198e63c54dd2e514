"""A clock that stands still until a test moves it."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager

from schoolops import clock
from tests.factories import people


class Hands:
    """Begins at ten in the morning of the school day, where nothing else is said."""

    def __init__(self, moment: dt.datetime = people.SCHOOL_MOMENT) -> None:
        self.moment = moment
        self._held: list[AbstractContextManager[dt.datetime]] = []

    def move(self, **by: float) -> None:
        """On by ``minutes=16``, as ``timedelta`` says it."""
        self.moment += dt.timedelta(**by)
        self._held.append(clock.frozen(self.moment))
        self._held[-1].__enter__()

    def let_go(self) -> None:
        """Back to the clock as it was before the first move."""
        while self._held:
            self._held.pop().__exit__(None, None, None)
