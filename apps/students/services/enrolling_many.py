"""Many enrolments at once, all or none, with an error per row that cannot be accepted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, GradeLevel, Section
from apps.students import errors
from apps.students.events import StudentsEnrolled
from apps.students.models import Enrolment, SectionMembership, Student
from apps.students.services.placing import EXPLAINED, refuse_closed_meanwhile, refuse_outside_year, refuse_the_past
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import FieldError, SchoolOpsError


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """One line of a bulk enrolment."""

    student: Student
    grade_level: GradeLevel
    section: Section | None = None
    roll_number: int | None = None


@dataclass(slots=True)
class _Refusals:
    """What is wrong with which row."""

    found: list[FieldError] = field(default_factory=list)

    def say(self, number: int, name: str, error: SchoolOpsError) -> None:
        self.found.append(FieldError.of(f"records.{number}.{name}", error))


@transaction.atomic
def enrol_students(
    *,
    rows: Sequence[EnrolmentRow],
    year: AcademicYear,
    entered_on: dt.date,
    entry_kind: str = Enrolment.Entry.PROMOTED,
    reason: str = "",
    by: User,
) -> list[Enrolment]:
    """Enrol many students into ``year`` from one day, all or none, with the same number of queries for any number.

    Raises:
        RowsRefused: with an error per row that cannot be accepted, named ``records.<row>.<field>``.
        PermissionMissing, OutOfReach, PastDay, NotInYear, YearIsClosed.
    """
    access.require_at(by, "students.manage", year.institution)
    refuse_outside_year(year, entered_on)
    refuse_the_past(entered_on, today=clock.today(year.institution.timezone), reason=reason)
    students = _lock_all(rows)
    sections = {each.section.pk: each.section for each in rows if each.section is not None}
    _lock_sections(sections)
    refusals = _Refusals()
    _check_students(rows, students, year, entered_on, refusals, by=by)
    _check_sections(rows, sections, year, entered_on, refusals)
    if refusals.found:
        raise errors.RowsRefused(errors=refusals.found)
    with explains(EXPLAINED):
        enrolments: list[Enrolment] = Enrolment.objects.bulk_create(
            Enrolment(
                student_id=row.student.pk,
                institution_id=year.institution_id,
                year=year,
                grade_level=row.grade_level,
                entered_on=entered_on,
                entry_kind=entry_kind,
            )
            for row in rows
        )
        SectionMembership.objects.bulk_create(
            SectionMembership(
                enrolment=enrolment,
                student_id=enrolment.student_id,
                section=row.section,
                starts_on=entered_on,
                roll_number=row.roll_number,
            )
            for row, enrolment in zip(rows, enrolments, strict=True)
            if row.section is not None
        )
    refuse_closed_meanwhile(year)
    trail.record_many(
        trail.entry_of(
            by,
            "students.enrolled",
            row.student,
            after={
                "year": year.name,
                "grade_level": row.grade_level.name,
                "section": row.section,
                "entered_on": entered_on,
            },
            reason=reason,
        )
        for row in rows
    )
    events.publish(StudentsEnrolled(tuple(row.student.pk for row in rows), tuple(each.pk for each in enrolments)))
    return enrolments


def _lock_all(rows: Sequence[EnrolmentRow]) -> dict[int, Student]:
    # In the order of keys, so that two such calls cannot hold each other up.
    wanted = sorted({row.student.pk for row in rows})
    return {each.pk: each for each in Student.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}


def _lock_sections(sections: Mapping[int, Section]) -> None:
    if limited := sorted(key for key, each in sections.items() if each.capacity is not None):
        list(Section.objects.select_for_update().only("pk").filter(pk__in=limited).order_by("pk"))


def _check_students(
    rows: Sequence[EnrolmentRow],
    students: Mapping[int, Student],
    year: AcademicYear,
    entered_on: dt.date,
    refusals: _Refusals,
    *,
    by: User,
) -> None:
    reach = access.within_reach(by, "students.manage", "student", day=entered_on)
    reached = set(Student.objects.filter(reach, pk__in=students).values_list("pk", flat=True))
    busy = set(
        Enrolment.objects.not_over(entered_on)
        .filter(student__in=students, entered_on__lte=year.ends_on)
        .values_list("student_id", flat=True)
    )
    seen: set[int] = set()
    for number, row in enumerate(rows):
        key = row.student.pk
        if key not in reached:
            refusals.say(number, "student_id", OutOfReach())
        elif students[key].merged_into_id is not None:
            refusals.say(number, "student_id", errors.StudentMerged())
        elif key in busy or key in seen:
            refusals.say(number, "student_id", errors.AlreadyEnrolled())
        seen.add(key)


def _check_sections(
    rows: Sequence[EnrolmentRow],
    sections: Mapping[int, Section],
    year: AcademicYear,
    entered_on: dt.date,
    refusals: _Refusals,
) -> None:
    held: list[tuple[int, int | None]] = (
        list(
            SectionMembership.objects.not_over(entered_on)
            .filter(section__in=sections)
            .values_list("section_id", "roll_number")
        )
        if sections
        else []
    )
    taken = Counter(section_id for section_id, _ in held)
    numbers: set[tuple[int, int | None]] = set(held)
    for number, row in enumerate(rows):
        if row.section is None:
            continue
        section = sections[row.section.pk]
        if (section.year_id, section.grade_level_id) != (year.pk, row.grade_level.pk):
            refusals.say(number, "section_id", errors.WrongSection(section=str(section)))
            continue
        taken[section.pk] += 1
        if section.capacity is not None and taken[section.pk] > section.capacity:
            full = errors.SectionFull(section=str(section), capacity=section.capacity, day=entered_on)
            refusals.say(number, "section_id", full)
        if row.roll_number is not None and (section.pk, row.roll_number) in numbers:
            refusals.say(number, "roll_number", errors.RollNumberTaken())
        numbers.add((section.pk, row.roll_number))
