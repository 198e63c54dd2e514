"""How often each tier answered, per entry and process. Plain integers: a lost count in a race costs nothing."""

from __future__ import annotations

import enum
from collections import defaultdict


class Tier(enum.Enum):
    """Which tier answered."""

    LOCAL = "local"
    SHARED = "shared"
    DATABASE = "database"


_counts: defaultdict[tuple[str, Tier], int] = defaultdict(int)


def count(entry: str, tier: Tier, times: int = 1) -> None:
    if times:
        _counts[entry, tier] += times


def counts() -> dict[tuple[str, Tier], int]:
    """(entry, tier) → answers since this process began."""
    return dict(_counts)
