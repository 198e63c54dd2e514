"""What happened to students, as ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.access.events import Invited


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
class ClassRostersChanged:
    """Who came to or left which class: (class, students) each, by key."""

    rosters: tuple[tuple[int, tuple[int, ...]], ...]

    @classmethod
    def of(cls, students: Mapping[int, Iterable[int]]) -> ClassRostersChanged:
        """Of a class (by key) → its students (by key)."""
        return cls(tuple((each, tuple(theirs)) for each, theirs in students.items()))

    @property
    def student_ids(self) -> tuple[int, ...]:
        return tuple(sorted({student for _, students in self.rosters for student in students}))


@dataclass(frozen=True, slots=True)
class GuardiansInvited(Invited):
    """Of guardians."""
