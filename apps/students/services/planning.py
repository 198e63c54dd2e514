"""What is planned for a student and has not begun: a move or a departure that comes on another day, or not at all."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.students import errors
from apps.students.models import ClassEnrolment, Enrolment, SectionMembership, Student
from apps.students.selectors import members_of, today_for
from apps.students.services.books import publish_moved
from apps.students.services.enrolling import change_exit
from apps.students.services.held import DEFERRED, EXPLAINED
from apps.students.services.placing import locked
from schoolops.audit import trail
from schoolops.constraints import explains


@transaction.atomic
def change_planned_move(
    *, student: Student, starts_on: dt.date, on: dt.date | None, reason: str = "", by: User
) -> SectionMembership:
    """Let the move that is planned for ``starts_on`` happen on another day; without one, not at all.

    Returns:
        The membership that the student keeps until then.

    Raises:
        PermissionMissing, OutOfReach, StudentMerged, NothingPlanned, PlannedDayUnusable, SectionFull, RollNumberTaken.
    """
    student = locked(student)
    today = today_for(student)
    access.require_row(by, "students.manage", "student", student, day=today)
    rows = SectionMembership.objects.select_for_update(of=("self",)).select_related("section__year", "enrolment__year")
    planned: SectionMembership | None = rows.filter(student=student, starts_on=starts_on).first()
    left: SectionMembership | None = rows.filter(student=student, ends_on=starts_on).order_by("-starts_on").first()
    if starts_on <= today or planned is None or left is None or left.enrolment_id != planned.enrolment_id:
        raise errors.NothingPlanned(day=starts_on)
    if on is not None and not max(today, left.starts_on) < on < planned.until:
        raise errors.PlannedDayUnusable(day=on, until=planned.until)
    until = on or planned.until
    if until > starts_on and left.section.capacity is not None:
        # Somebody else may have been given the place by now.
        for day in (starts_on, until - dt.timedelta(days=1)):
            if members_of(left.section, day).count() >= left.section.capacity:
                raise errors.SectionFull(section=str(left.section), capacity=left.section.capacity, day=day)
    before = {"section_id": planned.section_id, "starts_on": starts_on}
    with explains(EXPLAINED, deferred=DEFERRED):
        if on is None:
            planned.delete()
            left.ends_on = planned.ends_on
            left.save(update_fields=["ends_on"])
        else:
            # Whichever gives days away goes first: no day may be both's.
            rows_in_turn = (planned, left) if on > starts_on else (left, planned)
            planned.starts_on = left.ends_on = on
            for row in rows_in_turn:
                row.save(update_fields=["starts_on", "ends_on"])
    after = {"section_id": planned.section_id, "starts_on": on} if on else {"section_id": left.section_id}
    trail.record(by, "students.move-replanned", student, before=before, after=after, reason=reason)
    publish_moved({student.pk: min(starts_on, on or starts_on)})
    return left


@transaction.atomic
def change_planned_departure(*, enrolment: Enrolment, on: dt.date | None, reason: str = "", by: User) -> Enrolment:
    """Let a student who is to leave do so on another day; without one, stay. Their section and classes go along.

    Raises:
        As ``change_exit``, and NothingPlanned.
    """
    student = enrolment.student
    was, kind = enrolment.exited_on, enrolment.exit_kind
    if was is None or was <= today_for(student):
        raise errors.NothingPlanned(day=was)
    if on is not None and on <= today_for(student):
        raise errors.PlannedDayUnusable(day=on, until=enrolment.year.over_on)
    changed = change_exit(enrolment=enrolment, on=on, reason=reason, by=by)
    if changed.exited_on is not None and kind:
        changed.exit_kind = kind
        changed.save(update_fields=["exit_kind"])
    if changed.until > was:
        with explains(EXPLAINED, deferred=DEFERRED):
            SectionMembership.objects.filter(enrolment=changed, ends_on=was).update(ends_on=changed.exited_on)
            ClassEnrolment.objects.filter(
                student=student, course_class__year=changed.year_id, ends_on=was, starts_on__lt=was
            ).update(ends_on=changed.exited_on)
        publish_moved({student.pk: was})
    return changed
