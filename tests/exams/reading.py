"""A family that asks all the time: whatever it is told before the results are published is told too early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

DOORS = ("marks", "results", "report-cards")
# (who, path) → the JSON of the answer.
Ask = Callable[[str, str], Any]


class Watch:
    """``early``: how many answers said something; ``asked``: of how many."""

    def __init__(self, ask: Ask, child: str, people: tuple[str, ...] = ("carol", "amina")) -> None:
        self._ask, self._child, self._people = ask, child, people
        self.asked = self.early = 0
        self.trouble: list[BaseException] = []
        self.ended = threading.Event()

    def look(self) -> None:
        """Ask once at every door, as everybody."""
        for who in self._people:
            for door in DOORS:
                told = self._ask(who, f"students/{self._child}/{door}")
                self.asked += 1
                self.early += bool(told["results"] or told.get("terms"))

    @contextmanager
    def meanwhile(self, every_s: float = 0.3) -> Iterator[None]:
        """Look again and again while the block runs."""
        over = threading.Event()

        def go_on() -> None:
            try:
                while not over.wait(every_s):
                    self.look()
            except BaseException as failure:  # noqa: BLE001 - raised where it is waited for
                self.trouble.append(failure)
            finally:
                self.ended.set()

        looking = threading.Thread(target=go_on)
        looking.start()
        try:
            yield
        finally:
            over.set()
            looking.join()
        if self.trouble:
            raise self.trouble[0]
