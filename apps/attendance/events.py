"""What happened to attendance, as facts made of ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttendanceMarked:
    """A roll was taken or corrected by a teacher.

    ``section_id`` is None for a class's roll. ``students`` are those whose record was written, changed or removed;
    ``newly_absent`` those of them whom this roll did not call absent before.
    """

    session_id: int
    section_id: int | None
    day: dt.date
    students: tuple[int, ...]
    newly_absent: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OfficeSpoke:
    """The desk or a decision on leave changed what rolls already taken say of ``students`` on ``days``."""

    students: tuple[int, ...]
    days: tuple[dt.date, ...]
    newly_absent: tuple[tuple[int, dt.date], ...]


@dataclass(frozen=True, slots=True)
class DaysDerived:
    """What these days of some students count as may be something else now."""

    days: tuple[dt.date, ...]


@dataclass(frozen=True, slots=True)
class RollLocked:
    """A person locked a roll."""

    session_id: int
    day: dt.date


@dataclass(frozen=True, slots=True)
class RollReopened:
    """A person re-opened a roll, until a moment."""

    session_id: int
    day: dt.date
    until: dt.datetime
