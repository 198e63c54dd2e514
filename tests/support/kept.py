"""``@kept``: what a fixture makes is kept for as long as one test after another asks for it.

Such a fixture needs nothing but Oak on its school day and what others of its kind make. It returns rows, or nothing,
and writes into the database alone: no file, no setting, no clock. The mark stands below ``@pytest.fixture``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from tests.support.standing import Standing

# What is there before anything is kept.
GROUND = ("in_oak", "school_day")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fixture that is kept, and those that it is made of by the names it has for them."""

    given: Callable[..., Any]
    made_of: tuple[tuple[str, Wanted | None], ...]


@functools.cache
def standing() -> Standing:
    """What this process keeps."""
    from tests.support.standing import Standing  # noqa: PLC0415 - Django is not set up when this file is read

    return Standing()


def kept(make: Callable[..., Made]) -> Callable[..., Made]:
    """A copy of what is kept; made for this test alone where nothing is."""

    @functools.wraps(make)
    def given(**named: Any) -> Made:
        made: Made = standing().of(given, named)
        return made

    given._keeps = make  # type: ignore[attr-defined]
    return given


def wanted_by(item: pytest.Item) -> list[Wanted]:
    """What a test asks for that can be kept, each after what it is made of; nothing, where something lasting stands."""
    named = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    # Those of plug-ins, which are of no folder, hold no transaction.
    lasting = any(each[-1].baseid and each[-1].scope in {"class", "module", "package"} for each in named.values())
    if lasting or any([each.baseid for each in named.get(name, ())] != ["tests"] for name in ("oak", *GROUND)):
        return []
    found: list[Wanted] = []

    def look(name: str, back: int = 1) -> Wanted | None:
        """That of ``name``; ``back``: 2 for what a fixture of the same name overrides. None: it is not kept."""
        defined = named.get(name, ())
        if len(defined) < back or not hasattr(defined[-back].func, "_keeps"):
            return None
        parts: list[tuple[str, Wanted | None]] = []
        for part in defined[-back].argnames:
            of = None if part in GROUND else look(part, back + 1 if part == name else 1)
            if of is None and part not in GROUND:
                return None
            parts.append((part, of))
        wanted = Wanted(defined[-back].func, tuple(parts))
        if wanted not in found:
            found.append(wanted)
        return wanted

    for name in item.fixturenames:
        look(name)
    return found
