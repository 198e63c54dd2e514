"""What happened to campuses and their years, as ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InstitutionChanged:
    """What is known of some campus is no longer so."""


@dataclass(frozen=True, slots=True)
class YearClosed:
    year_id: int


@dataclass(frozen=True, slots=True)
class CalendarChanged:
    """Days from ``starts_on`` to ``ends_on``, both included, may have become something else."""

    institution_id: int
    starts_on: dt.date
    ends_on: dt.date


@dataclass(frozen=True, slots=True)
class ClassSectionChanged:
    """A class is taught to another section as a whole, or no longer to one."""

    course_class_id: int


@dataclass(frozen=True, slots=True)
class TeachingChanged:
    """Grade levels, sections, courses or classes were added, changed or removed."""
