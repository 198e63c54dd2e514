"""Dated enrolments and section memberships: who is where from which day.

Every service here locks the student's row first, then the section's where it has a capacity, so two people who act on
the same student take turns. A day that has passed changes only with a reason.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, GradeLevel, Section
from apps.students import errors
from apps.students.events import StudentMoved, StudentsEnrolled, StudentWithdrawn
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.selectors import today_for
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.constraints import explains
from schoolops.errors import FieldError, SchoolOpsError

EXPLAINED: Mapping[str, type[SchoolOpsError]] = {
    "enrolment_no_overlap": errors.AlreadyEnrolled,
    "membership_one_section": errors.AlreadyEnrolled,
    "membership_roll_number": errors.RollNumberTaken,
    "enrolment_inside_year": errors.YearChangedMeanwhile,
}


# The trail says that they changed, not what they say: it is read by more people than they are.
_PRIVATE = frozenset({"medical_note", "restriction_note"})


def without_private(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` as the audit trail may show them."""
    return {name: "not shown here" if name in _PRIVATE and value else value for name, value in fields.items()}


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
    taken = (
        SectionMembership.objects.filter(section=section)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gt=day), ~Q(ends_on=F("starts_on")))
        .count()
    )
    if taken + seats > section.capacity:
        raise errors.SectionFull(section=str(section), capacity=section.capacity, day=day)


def _same_group(section: Section, enrolment: Enrolment) -> bool:
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
        if not _same_group(section, enrolment):
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


@transaction.atomic
def re_enrol_student(*, student: Student, placement: Placement, reason: str = "", by: User) -> Enrolment:
    """Enrol a student who is on the books already.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, PastDay, NotInYear, YearIsClosed, WrongSection, SectionFull,
        AlreadyEnrolled, RollNumberTaken.
    """
    student = locked(student)
    today = today_for(student)
    access.require_row(by, "students.manage", "student", student, day=today)
    access.require_at(by, "students.manage", placement.year.institution)
    refuse_the_past(placement.entered_on, today=today, reason=reason)
    enrolment = begin_enrolment(student, placement)
    trail.record(by, "students.enrolled", student, after=placement.for_the_trail(), reason=reason)
    events.publish(StudentsEnrolled((student.pk,), (enrolment.pk,)))
    return enrolment


def enrolment_on(student: Student, day: dt.date) -> Enrolment:
    """The primary enrolment that holds ``day``. Raises ``NotEnrolled``."""
    found: Enrolment | None = (
        # Held, so that the year is not closed between reading and writing.
        Enrolment.objects.select_for_update(of=("self",))
        .select_related("year")
        .filter(student=student, primary=True, entered_on__lte=day)
        .filter(Q(exited_on__isnull=True) | Q(exited_on__gt=day))
        .first()
    )
    if found is None:
        raise errors.NotEnrolled(day=day)
    return found


@transaction.atomic
def move_section(
    *,
    student: Student,
    section: Section,
    on: dt.date,
    roll_number: int | None = None,
    reason: str = "",
    by: User,
) -> SectionMembership:
    """From ``on``, let the student belong to ``section``. The enrolment stays the same one.

    A move that is planned for a later day stands: this membership ends where that one begins.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, PastDay, NotEnrolled, NotInYear, WrongSection, AlreadyInSection,
        SectionFull, RollNumberTaken.
    """
    student = locked(student)
    today = today_for(student)
    access.require_row(by, "students.manage", "student", student, day=today)
    refuse_the_past(on, today=today, reason=reason)
    enrolment = enrolment_on(student, on)
    refuse_outside_year(enrolment.year, on)
    if not _same_group(section, enrolment):
        raise errors.WrongSection(section=str(section))
    memberships: list[SectionMembership] = list(
        SectionMembership.objects.filter(enrolment=enrolment).order_by("starts_on", "id")
    )
    current = next((each for each in memberships if _holds(each, on)), None)
    if current is not None and current.section_id == section.pk:
        raise errors.AlreadyInSection(day=on)
    later = [each.starts_on for each in memberships if each.starts_on > on]
    ends_on = current.ends_on if current is not None else min(later, default=enrolment.exited_on)
    take_seat(section, day=on)
    with explains(EXPLAINED):
        if current is not None:
            end_memberships([current], on)
        begun = SectionMembership.objects.create(
            enrolment=enrolment,
            student=student,
            section=section,
            starts_on=on,
            ends_on=ends_on,
            roll_number=roll_number,
        )
    left = None if current is None else current.section_id
    trail.record(
        by,
        "students.moved-section",
        student,
        before={"section_id": left},
        after={"section_id": section.pk, "section": section, "on": on},
        reason=reason,
    )
    events.publish(StudentMoved(student.pk, left, section.pk, on))
    return begun


def _holds(row: SectionMembership | ClassEnrolment, day: dt.date) -> bool:
    return row.starts_on <= day and (row.ends_on is None or row.ends_on > day)


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


@transaction.atomic
def withdraw_student(
    *,
    student: Student,
    on: dt.date,
    exit_kind: str = Enrolment.Exit.WITHDREW,
    reason: str = "",
    by: User,
) -> Enrolment:
    """End the student's enrolment: ``on`` is the first day they are no longer enrolled.

    Memberships of sections and classes end with it; what was planned for later is taken away.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, PastDay, NotEnrolled, NotInYear.
    """
    student = locked(student)
    today = today_for(student)
    access.require_row(by, "students.manage", "student", student, day=today)
    refuse_the_past(on, today=today, reason=reason)
    enrolment = enrolment_on(student, on)
    last_exit = enrolment.year.ends_on + dt.timedelta(days=1)
    if on > last_exit:
        year = enrolment.year
        raise errors.NotInYear(day=on, year=year.name, starts_on=year.starts_on, ends_on=year.ends_on)
    before = {"exited_on": enrolment.exited_on, "exit_kind": enrolment.exit_kind}
    end_memberships(
        SectionMembership.objects.filter(enrolment=enrolment).filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on)), on
    )
    end_class_enrolments([student.pk], year_id=enrolment.year_id, on=on)
    enrolment.exited_on, enrolment.exit_kind = on, exit_kind
    enrolment.save(update_fields=["exited_on", "exit_kind"])
    trail.record(
        by,
        "students.withdrawn",
        student,
        before=before,
        after={"exited_on": on, "exit_kind": exit_kind},
        reason=reason,
    )
    events.publish(StudentWithdrawn(student.pk, enrolment.pk, on))
    return enrolment


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
    _check_students(rows, students, entered_on, refusals, by=by)
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
    entered_on: dt.date,
    refusals: _Refusals,
    *,
    by: User,
) -> None:
    reach = access.within_reach(by, "students.manage", "student", day=entered_on)
    reached = set(Student.objects.filter(reach, pk__in=students).values_list("pk", flat=True))
    busy = set(
        Enrolment.objects.filter(student__in=students, primary=True)
        .filter(Q(exited_on__isnull=True) | Q(exited_on__gt=entered_on), ~Q(exited_on=F("entered_on")))
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
            SectionMembership.objects.filter(section__in=sections)
            .filter(Q(ends_on__isnull=True) | Q(ends_on__gt=entered_on), ~Q(ends_on=F("starts_on")))
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


@transaction.atomic
def end_enrolments_of_closed_year(*, year_id: int) -> int:
    """End what is still open in a year that was closed, on the day after its last one; how many enrolments.

    Whoever may close the year decided it, so no permission over students is asked for.
    """
    year = AcademicYear.objects.get(pk=year_id)
    after = year.ends_on + dt.timedelta(days=1)
    # Held first: whoever is moving one of these students finishes, and the next one waits.
    keys = list(
        Enrolment.objects.select_for_update()
        .filter(year=year, exited_on__isnull=True)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    SectionMembership.objects.filter(enrolment__in=keys, ends_on__isnull=True).update(ends_on=after)
    ClassEnrolment.objects.filter(course_class__year=year, ends_on__isnull=True).update(ends_on=after)
    ended: int = Enrolment.objects.filter(pk__in=keys).update(exited_on=after, exit_kind=Enrolment.Exit.YEAR_ENDED)
    if ended:
        trail.record(SYSTEM, "students.year-ended", year, after={"enrolments": ended, "exited_on": after})
    return ended
