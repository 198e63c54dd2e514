"""What is kept of a school outside its schema, under its short name, and has to go when it goes.

A short name can be given again. Whatever the first school left under it, jobs and letters and answers, must neither run
nor be shown in the second. Those who keep such things register; they are asked when a school is purged, and once more
before a name is given to a new one.
"""

from __future__ import annotations

from collections.abc import Callable

Ending = Callable[[str], None]
_endings: list[Ending] = []


def ends_with_a_school(ending: Ending) -> Ending:
    """Register a function that deletes what is kept under a short name, outside schools. It may run again."""
    _endings.append(ending)
    return ending


def end(slug: str) -> None:
    """Delete all that is kept under ``slug``, outside schools and in the current transaction."""
    for ending in _endings:
        ending(slug)
