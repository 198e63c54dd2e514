"""One student's enrolment: coming back, moving to another section, leaving; and the end of a whole year."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, Section
from apps.students import errors
from apps.students.events import StudentMoved, StudentsEnrolled, StudentWithdrawn
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.selectors import today_for
from apps.students.services.placing import (
    EXPLAINED,
    Placement,
    begin_enrolment,
    end_class_enrolments,
    end_memberships,
    locked,
    refuse_outside_year,
    refuse_the_past,
    same_group,
    take_seat,
)
from schoolops import events
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.constraints import explains


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
        Enrolment.objects.select_for_update(of=("self",)).select_related("year").on(day).filter(student=student).first()
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
    if not same_group(section, enrolment):
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
    events.publish(StudentWithdrawn(student.pk, enrolment.pk, on))
    return enrolment


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
