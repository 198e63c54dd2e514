"""Where a student is from which day: what is asked for, and the rules that need nothing but their arguments.

A day that has passed changes only with a reason. What the books say and how they change stands in ``books``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from apps.institutions.models import AcademicYear, CourseClass, GradeLevel, Section
from apps.students import errors
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a student goes from ``entered_on``: year and grade level, and a section of both where there is one yet."""

    year: AcademicYear
    grade_level: GradeLevel
    entered_on: dt.date
    section: Section | None = None
    entry_kind: str = Enrolment.Entry.NEW
    roll_number: int | None = None
    # They have left since, as a file may know.
    exited_on: dt.date | None = None

    def for_the_trail(self) -> dict[str, Any]:
        """What the audit trail says of it."""
        said = {
            "year": self.year.name,
            "grade_level": self.grade_level.name,
            "section": self.section,
            "entered_on": self.entered_on,
            "entry_kind": self.entry_kind,
        }
        return {**said, "exited_on": self.exited_on} if self.exited_on is not None else said


@dataclass(frozen=True, slots=True)
class Admission:
    """A new student: the fields, and where they go, if that is known yet. ``student``: the unsaved row."""

    student: Student
    fields: Mapping[str, Any]
    placement: Placement | None = None


@dataclass(frozen=True, slots=True)
class ReEnrolment:
    """A student who is on the books already goes somewhere."""

    student: Student
    placement: Placement


@dataclass(frozen=True, slots=True)
class SectionPlace:
    """From ``starts_on`` a student belongs to a section; what they sit in then ends that day, a later move stands.

    Without ``ends_on`` it ends with the enrolment; with ``as_before`` when the place that it takes over would have.
    """

    student: Student
    section: Section
    starts_on: dt.date
    ends_on: dt.date | None = None
    roll_number: int | None = None
    as_before: bool = False


@dataclass(frozen=True, slots=True)
class ClassPlace:
    """From ``starts_on`` a student is taught in a class: to before ``ends_on``, and at most as long as enrolled."""

    student: Student
    course_class: CourseClass
    starts_on: dt.date
    ends_on: dt.date | None = None


Wish = Admission | ReEnrolment | SectionPlace | ClassPlace


def locked(student: Student) -> Student:
    """The student's row, held until the transaction ends. Raises ``StudentMerged``."""
    # Not so that rolls, which refer to it, would have to wait.
    row: Student = Student.objects.select_for_update(no_key=True).select_related(None).get(pk=student.pk)
    if row.merged_into_id is not None:
        raise errors.StudentMerged
    return row


def refuse_the_past(day: dt.date, *, today: dt.date, reason: str) -> None:
    """Raises ``PastDay`` when ``day`` is over and nobody has said why it has to change."""
    if day < today and not reason.strip():
        raise errors.PastDay(day=day)


def refuse_outside_year(year: AcademicYear, day: dt.date) -> None:
    """Raises ``YearIsClosed`` or ``NotInYear`` unless an enrolment may begin in ``year`` on ``day``."""
    if year.state == AcademicYear.State.CLOSED:
        raise errors.YearIsClosed(year=year.name)
    if not year.contains(day):
        raise errors.NotInYear(day=day, year=year.name, starts_on=year.starts_on, ends_on=year.ends_on)


def end_memberships(rows: Iterable[SectionMembership], on: dt.date) -> None:
    """Let memberships that hold or follow ``on`` end there. One that would then cover no day is taken away."""
    rows = list(rows)
    empty = [row.pk for row in rows if row.starts_on >= on]
    cut = [row.pk for row in rows if row.starts_on < on]
    if empty:
        SectionMembership.objects.filter(pk__in=empty).delete()
    if cut:
        SectionMembership.objects.filter(pk__in=cut).update(ends_on=on)


def end_class_enrolments(students: Iterable[int], *, year_id: int, on: dt.date) -> None:
    """Let the students' enrolments in classes of a year end on ``on``; one planned for later is marked as deleted."""
    held = ClassEnrolment.objects.filter(student__in=list(students), course_class__year=year_id).filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=on)
    )
    # An empty range rather than a missing row: a delta export must be able to say that it is gone.
    held.filter(starts_on__gte=on).update(ends_on=F("starts_on"), status="tobedeleted")
    held.filter(starts_on__lt=on).update(ends_on=on)
