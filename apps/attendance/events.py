"""What happened to attendance, as facts made of ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttendanceMarked:
    """A roll was taken or corrected by a teacher.

    ``students`` are those whose record was written, changed or removed.
    """

    day: dt.date
    students: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OfficeSpoke:
    """The desk or a decision on leave changed what rolls already taken say of ``students`` on ``days``."""

    students: tuple[int, ...]
    days: tuple[dt.date, ...]


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """An institution's rules of attendance are others now."""

    institution_id: int


@dataclass(frozen=True, slots=True)
class DaysDerived:
    """So many days of students count as something else now."""

    number: int


@dataclass(frozen=True, slots=True)
class LeaveDecided:
    """Leave that was asked for is approved, or refused."""

    leave_id: int
