"""What of attendance goes along when two records of one child become one."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q

from apps.attendance.models import AttendanceChange, AttendanceRecord, DeskEntry, Leave
from apps.attendance.selectors import CodeBook, is_open, rolls_for_update
from apps.attendance.services.following import apply_office
from apps.attendance.services.writing import as_history
from apps.students.models import ClassEnrolment, SectionMembership, Student
from apps.students.services import moves_on_merge
from apps.students.services.merging import Moved
from schoolops import clock

BINDING = (Leave.State.REQUESTED, Leave.State.APPROVED)


@moves_on_merge("attendance", of=AttendanceRecord)
def move_records(duplicate: Student, kept: Student) -> Moved:
    """Records move with the roster: where the duplicate is still on a roll of the past, its record stays there.

    So it does on a locked roll, which nothing changes. What stays counts for the child where the kept record has
    nothing that day.
    """
    theirs = AttendanceRecord.objects.filter(student=duplicate)
    members = SectionMembership.objects.on(OuterRef("day")).filter(student=duplicate)
    taught = ClassEnrolment.objects.on(OuterRef("day")).filter(student=duplicate)
    stays = (
        Exists(members.filter(section=OuterRef("session__section")))
        | Exists(members.filter(section=OuterRef("session__course_class__section")))
        | Exists(taught.filter(course_class=OuterRef("session__course_class")))
        | Exists(AttendanceRecord.objects.filter(student=kept, session=OuterRef("session")))
    )
    found = list(theirs.exclude(stays))
    sheets = rolls_for_update({record.session_id for record in found})
    moving = [record for record in found if is_open(sheets[record.session_id])]
    if not moving:
        return Moved(0, theirs.count())
    AttendanceRecord.objects.filter(pk__in=[record.pk for record in moving]).update(student=kept)
    codes = CodeBook()
    AttendanceChange.objects.bulk_create(
        AttendanceChange(
            session_id=record.session_id,
            student=student,
            day=record.day,
            session_version=sheets[record.session_id].version,
            before=as_history(record, codes) if student == duplicate else None,
            after=as_history(record, codes) if student == kept else None,
            at=clock.now(),
        )
        for record in moving
        for student in (duplicate, kept)
    )
    return Moved(len(moving), theirs.count())


@moves_on_merge("desk_entries", of=DeskEntry)
def move_desk_entries(duplicate: Student, kept: Student) -> Moved:
    """Desk entries move but for the days and periods the kept record has one of."""
    had = set(DeskEntry.objects.filter(student=kept).values_list("day", "period_id"))
    theirs = list(DeskEntry.objects.filter(student=duplicate).values_list("pk", "day", "period_id"))
    moving = [key for key, *where in theirs if tuple(where) not in had]
    DeskEntry.objects.filter(pk__in=moving).update(student=kept)
    return Moved(len(moving), len(theirs) - len(moving))


@moves_on_merge("leave", of=Leave)
def move_leave(duplicate: Student, kept: Student) -> Moved:
    """Leave moves unless it overlaps with leave of the kept record, asked for or approved."""
    had = Leave.objects.filter(
        student=kept, state__in=BINDING, starts_on__lte=OuterRef("ends_on"), ends_on__gte=OuterRef("starts_on")
    )
    theirs = Leave.objects.filter(student=duplicate)
    moved = theirs.exclude(Exists(had) & Q(state__in=BINDING)).update(student=kept)
    return Moved(moved, theirs.count())


def say_what_came_along(*, kept: int) -> None:
    """Put on the rolls already taken what the desk and leave said of the duplicate, and now say of the kept record."""
    codes = CodeBook()
    apply_office(students=[kept], first=dt.date.min, last=dt.date.max, by=None, codes=codes, skip_locked=True)
