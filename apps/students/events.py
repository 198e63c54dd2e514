"""What happened to students, as ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StudentChanged:
    student_id: int


@dataclass(frozen=True, slots=True)
class StudentsMoved:
    """Students belong to other sections than before, or to none: each from ``since`` on, or from a later day."""

    student_ids: tuple[int, ...]
    since: dt.date


@dataclass(frozen=True, slots=True)
class StudentWithdrawn:
    """``on`` is the first day the student is no longer enrolled."""

    student_id: int
    on: dt.date


@dataclass(frozen=True, slots=True)
class StudentsEnrolled:
    """Students who were on the books before have a new enrolment each."""

    student_ids: tuple[int, ...]
    enrolment_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StudentsMerged:
    kept_id: int
    duplicate_id: int


@dataclass(frozen=True, slots=True)
class ClassRosterChanged:
    course_class_id: int
    student_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GuardiansInvited:
    """Those who cannot log in are to be invited, in the role with this code; by whose public id."""

    role: str
    by_id: UUID
