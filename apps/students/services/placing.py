"""Where a student is from which day: what every service that places students asks and writes.

Callers lock the student's row first, then the section's where it has a capacity, so two people who act on the same
student take turns. A day that has passed changes only with a reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from apps.institutions.models import AcademicYear, GradeLevel, Section
from apps.students import errors
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from schoolops.constraints import explains
from schoolops.errors import SchoolOpsError

EXPLAINED: Mapping[str, type[SchoolOpsError]] = {
    "enrolment_no_overlap": errors.AlreadyEnrolled,
    "membership_one_section": errors.AlreadyEnrolled,
    "membership_roll_number": errors.RollNumberTaken,
    "enrolment_inside_year": errors.YearChangedMeanwhile,
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a student goes from ``entered_on``: year and grade level, and a section of both where there is one yet."""

    year: AcademicYear
    grade_level: GradeLevel
    entered_on: dt.date
    section: Section | None = None
    entry_kind: str = Enrolment.Entry.NEW
    roll_number: int | None = None

    def for_the_trail(self) -> dict[str, Any]:
        """What the audit trail says of it."""
        return {
            "year": self.year.name,
            "grade_level": self.grade_level.name,
            "section": self.section,
            "entered_on": self.entered_on,
            "entry_kind": self.entry_kind,
        }


def locked(student: Student) -> Student:
    """The student's row, held until the transaction ends. Raises ``StudentMerged``."""
    row: Student = Student.objects.select_for_update().select_related(None).get(pk=student.pk)
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


def take_seat(section: Section, *, day: dt.date, seats: int = 1) -> None:
    """Raises ``SectionFull`` when ``section`` has a capacity and fewer than ``seats`` are free on ``day`` or later."""
    if section.capacity is None:
        return
    # Whoever wants a seat waits here for whoever is taking one.
    Section.objects.select_for_update().only("pk").get(pk=section.pk)
    taken = SectionMembership.objects.not_over(day).filter(section=section).count()
    if taken + seats > section.capacity:
        raise errors.SectionFull(section=str(section), capacity=section.capacity, day=day)


def same_group(section: Section, enrolment: Enrolment) -> bool:
    return (section.institution_id, section.year_id, section.grade_level_id) == (
        enrolment.institution_id,
        enrolment.year_id,
        enrolment.grade_level_id,
    )


def begin_enrolment(student: Student, placement: Placement) -> Enrolment:
    """Write an enrolment and its first section membership. For services that have asked for the permission.

    Raises:
        NotInYear, YearIsClosed, WrongSection, SectionFull, AlreadyEnrolled, RollNumberTaken.
    """
    refuse_outside_year(placement.year, placement.entered_on)
    enrolment = Enrolment(
        student=student,
        institution_id=placement.year.institution_id,
        year=placement.year,
        grade_level=placement.grade_level,
        entered_on=placement.entered_on,
        entry_kind=placement.entry_kind,
    )
    section = placement.section
    if section is not None:
        if not same_group(section, enrolment):
            raise errors.WrongSection(section=str(section))
        take_seat(section, day=placement.entered_on)
    with explains(EXPLAINED):
        enrolment.save()
        if section is not None:
            SectionMembership.objects.create(
                enrolment=enrolment,
                student=student,
                section=section,
                starts_on=placement.entered_on,
                roll_number=placement.roll_number,
            )
    refuse_closed_meanwhile(placement.year)
    return enrolment


def refuse_closed_meanwhile(year: AcademicYear) -> None:
    """Raises ``YearIsClosed`` when the year was closed since ``year`` was read.

    Asked after writing an enrolment: its foreign key waits for whoever is closing the year, and holds up the next.
    """
    if AcademicYear.objects.filter(pk=year.pk, state=AcademicYear.State.CLOSED).exists():
        raise errors.YearIsClosed(year=year.name)


def end_memberships(rows: Iterable[SectionMembership], on: dt.date) -> None:
    """Let memberships that hold or follow ``on`` end there. One that would then cover no day is taken away."""
    rows = list(rows)
    empty = [each.pk for each in rows if each.starts_on >= on]
    cut = [each.pk for each in rows if each.starts_on < on]
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
