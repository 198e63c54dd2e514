"""What happened to the timetable, as ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PeriodsChanged:
    """A period of this institution was added, changed or removed."""

    institution_id: int


@dataclass(frozen=True, slots=True)
class MeetingsChanged:
    """When or where these classes meet was changed, or will be."""

    class_ids: tuple[int, ...]
