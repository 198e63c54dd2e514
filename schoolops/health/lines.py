"""Lines of ``manage.py doctor``, and what apps let it ask besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Colour = Literal["green", "yellow", "red"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page; ``remedy`` says what to do, which a red line cannot be without."""

    colour: Colour
    what: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.colour == "red" and not self.remedy:
            raise ValueError(f"What is to be done about {self.what!r}?")


Examination = Callable[[], Iterator[Line]]
asked_by_apps: dict[str, Examination] = {}


def examines(name: str) -> Callable[[Examination], Examination]:
    """Register an examination of an app, asked after those of the installation, outside schools."""

    def register(examination: Examination) -> Examination:
        asked_by_apps[name] = examination
        return examination

    return register
