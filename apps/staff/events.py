"""What happened to staff and whom they teach, as ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StaffChanged:
    """A member of staff was added or changed."""

    staff_id: int


@dataclass(frozen=True, slots=True)
class StaffLeft:
    """``on`` is the first day this person no longer works here; what they taught ended with it."""

    staff_id: int
    on: dt.date


@dataclass(frozen=True, slots=True)
class TeachersChanged:
    """Somebody teaches a section or a class, for longer, for shorter or no more; one of the two is ``None``."""

    staff_id: int
    section_id: int | None
    course_class_id: int | None


@dataclass(frozen=True, slots=True)
class SubstitutesChanged:
    """Somebody stands in on ``day``, or does not after all; one of section and class is ``None``."""

    staff_id: int
    section_id: int | None
    course_class_id: int | None
    day: dt.date


@dataclass(frozen=True, slots=True)
class StaffInvited:
    """Those who cannot log in are to be invited, in the role with this code; by whose public id."""

    role: str
    by_id: UUID
