"""Enrolments: coming back, many at once, moving to another section, leaving; and the end of a whole year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, GradeLevel, Section
from apps.institutions.selectors import today_at
from apps.students import errors
from apps.students.events import StudentsEnrolled, StudentWithdrawn
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.selectors import today_for
from apps.students.services.books import put_on_books
from apps.students.services.held import EXPLAINED
from apps.students.services.placing import (
    Placement,
    ReEnrolment,
    SectionPlace,
    end_class_enrolments,
    end_memberships,
    locked,
    refuse_outside_year,
    refuse_the_past,
)
from schoolops import events
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.constraints import explains


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """One line of a bulk enrolment."""

    student: Student
    grade_level: GradeLevel
    section: Section | None = None
    roll_number: int | None = None


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
        PermissionMissing, OutOfReach, PastDay, NotInYear, YearIsClosed, YearChangedMeanwhile.
    """
    access.require_at(by, "students.manage", year.institution)
    refuse_outside_year(year, entered_on)
    refuse_the_past(entered_on, today=today_at(year.institution), reason=reason)
    wishes = [
        ReEnrolment(row.student, Placement(year, row.grade_level, entered_on, row.section, entry_kind, row.roll_number))
        for row in rows
    ]
    return put_on_books(wishes, reason=reason, by=by).all()


def re_enrol_student(*, student: Student, placement: Placement, reason: str = "", by: User) -> Enrolment:
    """Enrol a student who is on the books already.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, PastDay, NotInYear, YearIsClosed, WrongSection, SectionFull,
        AlreadyEnrolled, RollNumberTaken, YearChangedMeanwhile.
    """
    enrolment: Enrolment = put_on_books([ReEnrolment(student, placement)], reason=reason, by=by).only()
    return enrolment


def enrolment_on(student: Student, day: dt.date) -> Enrolment:
    """The primary enrolment that holds ``day``. Raises ``NotEnrolled``."""
    found: Enrolment | None = (
        # Held, so that the year is not closed between reading and writing.
        Enrolment.objects.select_for_update(of=("self",)).select_related("year").on(day).filter(student=student).first()
    )
    if found is None:
        raise errors.NotEnrolled(day=day)
    return found


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
    wish = SectionPlace(student, section, on, roll_number=roll_number, as_before=True)
    begun: SectionMembership = put_on_books([wish], reason=reason, by=by).only()
    return begun


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

    Memberships of sections and classes end with it; what was planned for later is taken away, and so is an enrolment
    of the same campus that was to begin later, in next year for instance: it stays as one of no day.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, PastDay, NotEnrolled.
    """
    student = locked(student)
    today = today_for(student)
    access.require_row(by, "students.manage", "student", student, day=today)
    refuse_the_past(on, today=today, reason=reason)
    enrolment = _enrolment_that_ends(student, on)
    before = {"exited_on": enrolment.exited_on, "exit_kind": enrolment.exit_kind}
    after = {"exited_on": on, "exit_kind": exit_kind, **_take_back_what_is_planned(enrolment, on, exit_kind)}
    end_memberships(SectionMembership.objects.not_over(on).filter(enrolment=enrolment), on)
    end_class_enrolments([student.pk], year_id=enrolment.year_id, on=on)
    enrolment.exited_on, enrolment.exit_kind = on, exit_kind
    enrolment.save(update_fields=["exited_on", "exit_kind"])
    trail.record(
        by,
        "students.withdrawn",
        student,
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(StudentWithdrawn(student.pk, on))
    return enrolment


@transaction.atomic
def change_exit(*, enrolment: Enrolment, on: dt.date | None, reason: str = "", by: User) -> Enrolment:
    """Let an enrolment end on another day; without one, with its year. What ends earlier is a withdrawal; where it ends
    later, places in sections and classes stay as they are.

    Raises:
        As ``withdraw_student``, and YearIsClosed, AlreadyEnrolled.
    """
    student = locked(enrolment.student)
    row: Enrolment = (
        Enrolment.objects.select_for_update(of=("self",)).select_related("year__institution").get(pk=enrolment.pk)
    )
    if row.year.state == AcademicYear.State.CLOSED:
        raise errors.YearIsClosed(year=row.year.name)
    if on is not None and on < row.until:
        return withdraw_student(student=student, on=on, exit_kind=Enrolment.Exit.OTHER, reason=reason, by=by)
    today = today_for(student)
    access.require_row(by, "students.manage", "student", student, day=today)
    refuse_the_past(row.until, today=today, reason=reason)
    before = {"exited_on": row.exited_on, "exit_kind": row.exit_kind}
    row.exited_on = None if on is not None and on >= row.year.over_on else on
    row.exit_kind = Enrolment.Exit.OTHER if row.exited_on else ""
    with explains(EXPLAINED):
        row.save(update_fields=["exited_on", "exit_kind"])
    after = {"exited_on": row.exited_on, "exit_kind": row.exit_kind}
    trail.record(by, "students.exit-changed", student, before=before, after=after, reason=reason)
    events.publish(StudentsEnrolled((student.pk,), (row.pk,)))
    return row


def _enrolment_that_ends(student: Student, on: dt.date) -> Enrolment:
    """The one that holds ``on``, or that has no exit yet and ends with its year then. Raises ``NotEnrolled``."""
    with_its_year: Enrolment | None = (
        Enrolment.objects.select_for_update(of=("self",))
        .select_related("year")
        .filter(student=student, primary=True, exited_on=None, year_ends_on=on - dt.timedelta(days=1))
        .first()
    )
    return with_its_year or enrolment_on(student, on)


def _take_back_what_is_planned(enrolment: Enrolment, on: dt.date, exit_kind: str) -> dict[str, Any]:
    planned = list(
        Enrolment.objects.select_for_update(of=("self",))
        .not_over(on)
        .filter(student=enrolment.student_id, institution=enrolment.institution_id, entered_on__gte=on)
        .exclude(pk=enrolment.pk)
        .select_related("year")
        .order_by("pk")
    )
    for each in planned:
        end_memberships(SectionMembership.objects.filter(enrolment=each), each.entered_on)
        end_class_enrolments([each.student_id], year_id=each.year_id, on=each.entered_on)
        each.exited_on, each.exit_kind = each.entered_on, exit_kind
        each.save(update_fields=["exited_on", "exit_kind"])
    return {"planned_taken_back": [each.year.name for each in planned]} if planned else {}


@transaction.atomic
def end_enrolments_of_closed_year(*, year_id: int) -> int:
    """End what is still open in a year that was closed, on the day after its last one; how many enrolments.

    Whoever may close the year decided it, so no permission over students is asked for.
    """
    year = AcademicYear.objects.get(pk=year_id)
    after = year.over_on
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
