"""Many students, guardians and places at once, by the same rules and with the same trail as one at a time.

For files and rollovers: a fixed number of statements for any number of rows. A row that is refused refuses them all;
whoever calls finds out which by trying fewer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import CourseClass, Institution, Section
from apps.students import errors
from apps.students.events import (
    ClassRosterChanged,
    GuardianLinksChanged,
    StudentAdmitted,
    StudentChanged,
    StudentsEnrolled,
    StudentsMoved,
)
from apps.students.models import ClassEnrolment, Enrolment, Guardian, SectionMembership, Student, StudentGuardian
from apps.students.services.placing import EXPLAINED, Placement, refuse_closed_meanwhile, refuse_outside_year
from schoolops import events
from schoolops.audit import bulk, trail
from schoolops.constraints import explains
from schoolops.errors import FieldError


@dataclass(frozen=True, slots=True)
class Admission:
    """A new student: the fields, and where they go, if that is known yet. ``exited_on``: they have left since."""

    institution: Institution
    fields: Mapping[str, Any]
    placement: Placement | None = None
    exited_on: dt.date | None = None


def _require_at_all(by: User, permission: str, institutions: set[Institution]) -> None:
    for each in sorted(institutions, key=lambda one: one.pk):
        access.require_at(by, permission, each)


def _refuse_merged(students: Iterable[Student]) -> None:
    if any(each.merged_into_id is not None for each in students):
        raise errors.StudentMerged


def _taken() -> errors.RowsRefused:
    # Which of the rows it was, the database does not say.
    code = errors.AdmissionNumberTaken.code
    return errors.RowsRefused(
        errors=[FieldError("admission_number", code, "Another student already has this admission number.")]
    )


@transaction.atomic
def admit_many(*, admissions: Sequence[Admission], reason: str, by: User) -> list[Student]:
    """Take these students onto the books, with their enrolments, from days that may have passed.

    Raises:
        PermissionMissing, OutOfReach, NotInYear, YearIsClosed, AlreadyEnrolled; RowsRefused: a number is taken.
    """
    _require_at_all(by, "students.manage", {each.institution for each in admissions})
    rows = [Student(institution=each.institution, **each.fields) for each in admissions]
    with explains({"student_admission_number": _taken}):
        students = bulk.added(
            rows,
            by=by,
            action="students.admitted",
            after=[
                {**each.fields, **(each.placement.for_the_trail() if each.placement else {})} for each in admissions
            ],
            reason=reason,
        )
    placed = [(row, each) for row, each in zip(students, admissions, strict=True) if each.placement is not None]
    enrolments = _begin([(row, each.placement, each.exited_on) for row, each in placed if each.placement])
    for row in enrolments:
        events.publish(StudentAdmitted(row.student_id, row.pk, None))
    return students


def _begin(rows: Sequence[tuple[Student, Placement, dt.date | None]]) -> list[Enrolment]:
    years = {placement.year.pk: placement.year for _, placement, _ in rows}
    for _, placement, _ in rows:
        refuse_outside_year(placement.year, placement.entered_on)
    with explains(EXPLAINED):
        enrolments: list[Enrolment] = Enrolment.objects.bulk_create(
            [
                Enrolment(
                    student=student,
                    institution_id=placement.year.institution_id,
                    year=placement.year,
                    grade_level=placement.grade_level,
                    entered_on=placement.entered_on,
                    entry_kind=placement.entry_kind,
                    exited_on=exited_on,
                    exit_kind=Enrolment.Exit.OTHER if exited_on else "",
                )
                for student, placement, exited_on in rows
            ],
            batch_size=bulk.BATCH,
        )
    for year in years.values():
        refuse_closed_meanwhile(year)
    return enrolments


@transaction.atomic
def re_enrol_many(*, rows: Sequence[tuple[Student, Placement]], reason: str, by: User) -> list[Enrolment]:
    """Enrol students who are on the books already, each into the year of their placement.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, NotInYear, YearIsClosed, AlreadyEnrolled.
    """
    _require_at_all(by, "students.manage", {placement.year.institution for _, placement in rows})
    _refuse_merged(student for student, _ in rows)
    enrolments = _begin([(student, placement, None) for student, placement in rows])
    trail.record_many(
        trail.entry_of(by, "students.enrolled", student, after=placement.for_the_trail(), reason=reason)
        for student, placement in rows
    )
    events.publish(StudentsEnrolled(tuple(row.pk for row, _ in rows), tuple(each.pk for each in enrolments)))
    return enrolments


@transaction.atomic
def change_many_students(
    *, changes: Sequence[tuple[Student, Mapping[str, Any]]], reason: str, by: User
) -> list[Student]:
    """Change what the books say of students whose rows the caller holds.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged; RowsRefused: a number is taken.
    """
    _require_at_all(by, "students.manage", {student.institution for student, _ in changes})
    _refuse_merged(student for student, _ in changes)
    with explains({"student_admission_number": _taken}):
        rows = bulk.changed(changes, by=by, action="students.changed", reason=reason)
    for row in rows:
        events.publish(StudentChanged(row.pk))
    return rows


@transaction.atomic
def add_many_guardians(*, fields: Sequence[Mapping[str, Any]], reason: str, by: User) -> list[Guardian]:
    """Guardians without any student yet. Raises ``PermissionMissing``."""
    access.require(by, "guardians.manage")
    rows = [Guardian(**each) for each in fields]
    return bulk.added(rows, by=by, action="students.guardian-added", after=fields, reason=reason)


@transaction.atomic
def change_many_guardians(
    *, changes: Sequence[tuple[Guardian, Mapping[str, Any]]], reason: str, by: User
) -> list[Guardian]:
    """Change guardians whose rows the caller holds, for somebody who manages them all. Raises ``PermissionMissing``."""
    access.require(by, "guardians.manage")
    return bulk.changed(changes, by=by, action="students.guardian-changed", reason=reason)


@transaction.atomic
def link_many_guardians(
    *, links: Sequence[tuple[Student, Guardian, Mapping[str, Any]]], reason: str, by: User
) -> list[StudentGuardian]:
    """Link guardians to students; a priority that is taken or not said becomes the next free one.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, GuardianAlreadyLinked.
    """
    access.require(by, "guardians.manage")
    _refuse_merged(student for student, _, _ in links)
    _require_at_all(by, "guardians.manage", {student.institution for student, _, _ in links})
    taken: dict[int, set[int]] = {student.pk: set() for student, _, _ in links}
    for student_id, priority in StudentGuardian.objects.filter(student__in=taken).values_list(
        "student_id", "contact_priority"
    ):
        taken[student_id].add(priority)
    rows = []
    for student, guardian, fields in links:
        held = taken[student.pk]
        priority = fields.get("contact_priority") or 0
        if not priority or priority in held:
            priority = max(held, default=0) + 1
        held.add(priority)
        rows.append(StudentGuardian(student=student, guardian=guardian, **{**fields, "contact_priority": priority}))
    with explains({"guardian_linked_once": errors.GuardianAlreadyLinked}):
        written: list[StudentGuardian] = StudentGuardian.objects.bulk_create(rows, batch_size=bulk.BATCH)
    trail.record_many(
        trail.entry_of(by, "students.guardian-linked", student, after={"guardian": guardian, **fields}, reason=reason)
        for student, guardian, fields in links
    )
    for student, guardian, _ in links:
        events.publish(GuardianLinksChanged(student.pk, guardian.pk))
    return written


@dataclass(frozen=True, slots=True)
class Seat:
    """A student's place in a section (with the enrolment it belongs to) or in a class, ``[starts_on, ends_on)``."""

    student: Student
    group: Section | CourseClass
    starts_on: dt.date
    ends_on: dt.date | None = None
    enrolment: Enrolment | None = None
    roll_number: int | None = None


@transaction.atomic
def seat_many(*, seats: Sequence[Seat], reason: str, by: User) -> list[SectionMembership | ClassEnrolment]:
    """Give students their places in sections and classes; who sat in another section moves on that day.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, SectionFull, AlreadyEnrolled, AlreadyInClass, RollNumberTaken.
    """
    _require_at_all(by, "students.manage", {seat.group.institution for seat in seats})
    _refuse_merged(seat.student for seat in seats)
    in_sections = [(seat, seat.group) for seat in seats if isinstance(seat.group, Section)]
    in_classes = [(seat, seat.group) for seat in seats if isinstance(seat.group, CourseClass)]
    left = _leave_others([seat for seat, _ in in_sections])
    with explains({**EXPLAINED, "class_enrolment_no_overlap": errors.AlreadyInClass}, deferred=_WATCHED):
        members = SectionMembership.objects.bulk_create(
            [
                SectionMembership(
                    enrolment=seat.enrolment,
                    student=seat.student,
                    section=section,
                    starts_on=seat.starts_on,
                    ends_on=seat.ends_on,
                    roll_number=seat.roll_number,
                )
                for seat, section in in_sections
            ],
            batch_size=bulk.BATCH,
        )
        taught = ClassEnrolment.objects.bulk_create(
            [
                ClassEnrolment(
                    student=seat.student, course_class=taught_class, starts_on=seat.starts_on, ends_on=seat.ends_on
                )
                for seat, taught_class in in_classes
            ],
            batch_size=bulk.BATCH,
        )
    _refuse_full([seat for seat, _ in in_sections])
    trail.record_many(_seated(seat, left, by=by, reason=reason) for seat in seats)
    # Whoever sits nowhere else may have done so until a file said otherwise, a row before: the days follow them too.
    publish_moved({seat.student.pk: seat.starts_on for seat, _ in in_sections})
    by_class: dict[int, list[int]] = {}
    for seat, taught_class in in_classes:
        by_class.setdefault(taught_class.pk, []).append(seat.student.pk)
    for class_id, students in by_class.items():
        events.publish(ClassRosterChanged(class_id, tuple(students)))
    seated, sitting = iter(members), iter(taught)
    return [next(seated) if isinstance(seat.group, Section) else next(sitting) for seat in seats]


def publish_moved(since: Mapping[int, dt.date]) -> None:
    """Say of many students at once that they belong to other sections: student → from which day on."""
    if since:
        events.publish(StudentsMoved(tuple(sorted(since)), min(since.values())))


_WATCHED = ("membership_inside_enrolment",)


def seats_left(seats: Sequence[Seat]) -> dict[int, SectionMembership]:
    """What students sit in until the day they take one of ``seats``: enrolment → the place that ends then."""
    begins = {seat.enrolment.pk: seat.starts_on for seat in seats if seat.enrolment is not None}
    return {
        row.enrolment_id: row
        for row in SectionMembership.objects.filter(enrolment__in=begins)
        if row.starts_on < (day := begins[row.enrolment_id]) and (row.ends_on is None or row.ends_on > day)
    }


def _leave_others(seats: Sequence[Seat]) -> dict[int, int]:
    """End what the students sit in on the day they move; student → the section that was left."""
    begins = {seat.enrolment.pk: seat.starts_on for seat in seats if seat.enrolment is not None}
    left: dict[int, int] = {}
    for enrolment_id, row in seats_left(seats).items():
        SectionMembership.objects.filter(pk=row.pk).update(ends_on=begins[enrolment_id])
        left[row.student_id] = row.section_id
    return left


def _refuse_full(seats: Sequence[Seat]) -> None:
    limited: dict[int, Section] = {
        seat.group.pk: seat.group
        for seat in seats
        if isinstance(seat.group, Section) and seat.group.capacity is not None
    }
    if not limited:
        return
    list(Section.objects.select_for_update().only("pk").filter(pk__in=limited).order_by("pk"))
    counted: dict[int, int] = {}
    for row in SectionMembership.objects.filter(section__in=limited, ends_on__isnull=True).values_list("section_id"):
        counted[row[0]] = counted.get(row[0], 0) + 1
    for key, count in counted.items():
        section = limited[key]
        if section.capacity is not None and count > section.capacity:
            raise errors.SectionFull(section=str(section), capacity=section.capacity, day=seats[0].starts_on)


def _seated(seat: Seat, left: Mapping[int, int], *, by: User, reason: str) -> Any:
    after: dict[str, Any] = {"on": seat.starts_on, "ends_on": seat.ends_on}
    if isinstance(seat.group, Section):
        before = {"section_id": left.get(seat.student.pk)}
        after |= {"section_id": seat.group.pk, "section": seat.group}
        return trail.entry_of(by, "students.moved-section", seat.student, before=before, after=after, reason=reason)
    after |= {"class": seat.group, "title": seat.group.title}
    return trail.entry_of(by, "students.joined-class", seat.student, after=after, reason=reason)


@transaction.atomic
def end_many_seats(
    *, changes: Sequence[tuple[SectionMembership | ClassEnrolment, dt.date | None]], reason: str, by: User
) -> None:
    """Let places end on another day than was known, or no longer at all (``None``).

    Raises:
        PermissionMissing, AlreadyEnrolled, AlreadyInClass.
    """
    access.require(by, "students.manage")
    moved: dict[int, dt.date] = {}
    with explains({**EXPLAINED, "class_enrolment_no_overlap": errors.AlreadyInClass}, deferred=_WATCHED):
        for row, ends_on in changes:
            before = {"ends_on": row.ends_on}
            if isinstance(row, SectionMembership):
                day = first_day_apart(row, row.ends_on, ends_on)
                moved[row.student_id] = min(day, moved.get(row.student_id, day))
            row.ends_on = ends_on
            row.save(update_fields=["ends_on"])
            trail.record(
                by, "students.place-ended", row.student, before=before, after={"ends_on": ends_on}, reason=reason
            )
    for row, _ in changes:
        if isinstance(row, ClassEnrolment):
            events.publish(ClassRosterChanged(row.course_class_id, (row.student_id,)))
    publish_moved(moved)


def first_day_apart(seat: SectionMembership, before: dt.date | None, after: dt.date | None) -> dt.date:
    """From which day on it makes a difference that a seat ends on ``after`` rather than on ``before``."""
    return min((day for day in (before, after) if day is not None), default=seat.starts_on)
