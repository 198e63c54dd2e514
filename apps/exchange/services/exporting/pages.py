"""What both ways out have in common: who may take a roster, and rows a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ROSTER = "exports.roster"
PAGE = 1000


def paged(rows: Any) -> Iterator[list[Any]]:
    """Rows by key, a page at a time."""
    last = 0
    while page := list(rows.filter(pk__gt=last).order_by("pk")[:PAGE]):
        last = page[-1].pk
        yield page
