"""What is remembered of attendance."""

from __future__ import annotations

from uuid import UUID

import msgspec

from schoolops.cache import MINUTE, CacheEntry


class CampusDay(msgspec.Struct, frozen=True):
    """A campus's day: how many days of students are of which state, by the names that the figures have."""

    campus: UUID
    counts: tuple[tuple[str, int], ...]


ATTENDANCE_DAILY = CacheEntry(
    "attendance-daily",
    tuple[CampusDay, ...],
    ttl_s=1 * MINUTE,
    forgotten_by=(0,),
    purpose="the figures of a day over all students, for whoever reaches all of them",
)
