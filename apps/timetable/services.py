"""Writes of the timetable: the periods of a day, and when a class meets."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy, gettext_noop

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import AcademicYear, CourseClass, Institution
from apps.institutions.selectors import school_today, today_at
from apps.institutions.services.records import write_change, write_new, write_removal
from apps.notifications import services as notifications
from apps.notifications.models import Channel, Message
from apps.notifications.selectors import Audience, students_of
from apps.notifications.services import About, Fact, Told
from apps.staff.models import TeachingAssignment
from apps.students.models import Enrolment, FamilyItem, Student
from apps.students.selectors import open_to_families
from apps.timetable import errors
from apps.timetable.events import MeetingsChanged, PeriodsChanged
from apps.timetable.models import Meeting, Period
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.constraints import Explanation

ONE_DAY = dt.timedelta(days=1)
_PERIOD = {
    "period_name_per_institution": errors.PeriodTaken,
    "period_position_per_institution": errors.PeriodTaken,
}


# --- periods ----------------------------------------------------------------------------------------------------------
def _in_order(starts_at: dt.time, ends_at: dt.time) -> None:
    if ends_at <= starts_at:
        raise errors.PeriodEndsBeforeStart(starts_at=f"{starts_at:%H:%M}", ends_at=f"{ends_at:%H:%M}")


@transaction.atomic
def add_period(*, institution: Institution, fields: Mapping[str, Any], by: User) -> Period:
    """A period of the day. Raises ``PermissionMissing``, ``OutOfReach``, ``PeriodTaken``, ``PeriodEndsBeforeStart``."""
    access.require_at(by, "sections.manage", institution)
    _in_order(fields["starts_at"], fields["ends_at"])
    row = write_new(Period(institution=institution, **fields), by=by, explained=_PERIOD, after=fields)
    events.publish(PeriodsChanged(institution.pk))
    return row


@transaction.atomic
def change_period(*, period: Period, fields: Mapping[str, Any], by: User) -> Period:
    """Change a period. Raises as ``add_period``."""
    row: Period = Period.objects.select_for_update(of=("self",)).select_related("institution").get(pk=period.pk)
    access.require_at(by, "sections.manage", row.institution)
    _in_order(fields.get("starts_at", row.starts_at), fields.get("ends_at", row.ends_at))
    before = (row.starts_at, row.ends_at)
    if write_change(row, fields, by=by, explained=_PERIOD):
        events.publish(PeriodsChanged(row.institution_id))
        if before != (row.starts_at, row.ends_at):
            meetings = Meeting.objects.filter(period=row)
            _publish(meetings.select_related("course_class__institution", "course_class__year"))
    return row


@transaction.atomic
def remove_period(*, period: Period, by: User) -> None:
    """Remove a period in which nothing meets or was marked. Raises ``PermissionMissing``, ``OutOfReach``, ``InUse``."""
    access.require_at(by, "sections.manage", period.institution)
    write_removal(period, by=by)
    events.publish(PeriodsChanged(period.institution_id))


# --- meetings ---------------------------------------------------------------------------------------------------------
def _refuse_closed(year: AcademicYear) -> None:
    if year.state == AcademicYear.State.CLOSED:
        raise YearIsClosed(year=year.name)


def _check(meeting: Meeting) -> None:
    """Nothing, when the meeting can be: a period of the same institution, days in the year of the class.

    Raises:
        YearIsClosed, PeriodElsewhere, NotInYear, MeetingEndsBeforeStart.
    """
    year = meeting.course_class.year
    _refuse_closed(year)
    if meeting.period.institution_id != meeting.course_class.institution_id:
        raise errors.PeriodElsewhere(period=meeting.period.name)
    if meeting.ends_on is not None and meeting.ends_on < meeting.starts_on:
        raise errors.MeetingEndsBeforeStart(starts_on=meeting.starts_on, ends_on=meeting.ends_on)
    if not year.contains(meeting.starts_on) or (meeting.ends_on or year.ends_on) > year.ends_on + ONE_DAY:
        raise errors.NotInYear(year=year.name, starts_on=year.starts_on, ends_on=year.ends_on)


def _explained(course_class: CourseClass) -> Mapping[str, Explanation]:
    return {"meeting_once": lambda: errors.MeetsAlready(title=course_class.title)}


def _held(meeting: Meeting) -> Meeting:
    row: Meeting = (
        Meeting.objects.select_for_update(of=("self",))
        .select_related("course_class__institution", "course_class__year", "period")
        .get(pk=meeting.pk)
    )
    return row


def _has_begun(meeting: Meeting) -> bool:
    # What ends on the day it begins never was.
    return meeting.starts_on <= today_at(meeting.course_class.institution) and meeting.ends_on != meeting.starts_on


@transaction.atomic
def add_meeting(*, course_class: CourseClass, fields: Mapping[str, Any], by: User) -> Meeting:
    """A class meets in a period of a weekday, from ``starts_on``; without ``ends_on`` until the year is over.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, PeriodElsewhere, NotInYear, MeetingEndsBeforeStart, MeetsAlready.
    """
    access.require_at(by, "sections.manage", course_class.institution)
    meeting = Meeting(course_class=course_class, **fields)
    _check(meeting)
    after = {"class": course_class, **fields}
    made = write_new(meeting, by=by, explained=_explained(course_class), after=after)
    _publish([made])
    return made


@transaction.atomic
def change_meeting(*, meeting: Meeting, fields: Mapping[str, Any], by: User) -> Meeting:
    """Change a meeting: its room and end at any time, its period, weekday and beginning before it has begun.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, PeriodElsewhere, NotInYear, MeetingEndsBeforeStart, MeetsAlready,
        MeetingBegan.
    """
    row = _held(meeting)
    # Also where it is no longer near: who saw it there is told.
    was, course_class = Meeting(**_facts(row)), row.course_class
    access.require_at(by, "sections.manage", course_class.institution)
    _, after = trail.changed(row, fields)
    if _has_begun(row) and {"period", "weekday", "starts_on"} & after.keys():
        raise errors.MeetingBegan(day=row.starts_on)
    _check(Meeting(**{**_facts(row), **after}))
    if write_change(row, after, by=by, explained=_explained(course_class)):
        _publish([was, row])
    return row


def _facts(meeting: Meeting) -> dict[str, Any]:
    names = ("course_class", "period", "weekday", "room", "starts_on", "ends_on")
    return {name: getattr(meeting, name) for name in names}


@transaction.atomic
def remove_meeting(*, meeting: Meeting, by: User) -> None:
    """Remove a meeting that has not begun, or never was.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, MeetingBegan.
    """
    row = _held(meeting)
    access.require_at(by, "sections.manage", row.course_class.institution)
    _refuse_closed(row.course_class.year)
    if _has_begun(row):
        raise errors.MeetingBegan(day=row.starts_on)
    write_removal(row, by=by)
    _publish([row])


@transaction.atomic
def end_meetings_of_closed_year(*, year_id: int) -> int:
    """End what still meets in a year that was closed, on the day after its last one; how many.

    Whoever may close the year decided it, so no permission over the timetable is asked for.
    """
    year = AcademicYear.objects.get(pk=year_id)
    after = year.ends_on + ONE_DAY
    ended: int = Meeting.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=after), course_class__year=year, starts_on__lte=after
    ).update(ends_on=after)
    if ended:
        trail.record(SYSTEM, "timetable.year-ended", year, after={"meetings": ended, "ends_on": after})
    return ended


# --- telling ----------------------------------------------------------------------------------------------------------
CHANGED, CHANGED_FOR_TEACHERS = "timetable.changed", "timetable.changed-for-teachers"
# Whoever changes a timetable changes more of it: what follows within the hour is told with it.
SETTLES = dt.timedelta(minutes=20)
# What begins later is planning, and told by nobody yet.
SOON = dt.timedelta(days=14)
_SEVERAL: Any = gettext_lazy("several classes")


def _publish(meetings: Iterable[Meeting]) -> None:
    """Say so where one of ``meetings`` concerns days that are near, of a year that has begun."""
    classes = set()
    for meeting in meetings:
        found = meeting.course_class
        today = today_at(found.institution)
        running = found.year.contains(today) and meeting.starts_on <= today + SOON
        if running and (meeting.ends_on is None or meeting.ends_on > max(meeting.starts_on, today - ONE_DAY)):
            classes.add(found.pk)
    if classes:
        events.publish(MeetingsChanged(tuple(sorted(classes))))


@transaction.atomic
def tell_of_change(*, course_class: int) -> int:
    """Let a class, its families and its teachers be told, at the next full hour, that its timetable has changed.

    Once an hour, and whoever teaches several that changed by one letter. Returns how many messages that makes.
    """
    found = CourseClass.objects.select_related("institution").filter(pk=course_class).first()
    if found is None:
        return 0
    due = (clock.now() + SETTLES + dt.timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    audience, hour = Audience("class", [str(found.sourced_id)]), f"{due:%Y-%m-%dT%HZ}"
    students = Student.objects.filter(students_of(audience, today_at(found.institution)), merged_into__isnull=True)
    about: list[About] = []
    for student, user in students.order_by("pk").values_list("pk", "user"):
        told = About(key=hour, student=student, institution=found.institution_id)
        # A pupil has no letters: their own page says it.
        about += [told] if user is None else [told, replace(told, users=(user,), channel=Channel.INBOX)]
    return notifications.tell(CHANGED, about, due_at=due) + _tell_teachers(found, hour, due)


def _tell_teachers(found: CourseClass, hour: str, due: dt.datetime) -> int:
    """Once an hour: of this class, or of several where another that they teach has changed within the hour."""
    teachers = _teachers([found.pk], today_at(found.institution)).get(found.pk, set())
    # One class after the other, so that each knows of those before.
    held = User.objects.select_for_update(no_key=True).filter(pk__in=teachers).order_by("pk")
    if not held.values_list("pk", flat=True):
        return 0
    key = f"{found.sourced_id} {hour}"
    told = Message.objects.filter(user__in=teachers, fact=CHANGED_FOR_TEACHERS, key__endswith=hour).exclude(key=key)
    several = set(told.values_list("user", flat=True))
    told.exclude(key=hour).update(key=hour)
    by_key = ((key, teachers - several), (hour, several))
    about = [About(key=each, institution=found.institution_id, users=tuple(sorted(to))) for each, to in by_key if to]
    return notifications.tell(CHANGED_FOR_TEACHERS, about, due_at=due)


def _teachers(classes: Collection[int], day: dt.date) -> dict[int, set[int]]:
    """By class, the logins of who teaches it on a day. One query."""
    rows = TeachingAssignment.objects.on(day).filter(course_class__in=classes, staff__user__isnull=False)
    found: dict[int, set[int]] = defaultdict(set)
    for taught, user in rows.values_list("course_class", "staff__user"):
        found[taught].add(user)
    return found


def _still_here(messages: Sequence[Message]) -> dict[int, Told]:
    day = school_today()
    there = Enrolment.objects.on(day).filter(student__in={each.student_id for each in messages})
    shown = open_to_families(FamilyItem.TIMETABLE, day).filter(pk__in=there.values("student"))
    students = set(shown.values_list("pk", flat=True))
    return {each.pk: {} for each in messages if each.student_id in students}


def _still_teach(messages: Sequence[Message]) -> dict[int, Told]:
    """The class, of which the key is told before the hour; without one, several."""
    day, of_class = school_today(), {each.pk: each.key.rpartition(" ")[0] for each in messages}
    keys = {UUID(each) for each in of_class.values() if each}
    classes = {str(each.sourced_id): each for each in CourseClass.objects.filter(sourced_id__in=keys)}
    teachers = _teachers([each.pk for each in classes.values()], day)
    users = [each.user_id for each in messages if not of_class[each.pk]]
    any_class = TeachingAssignment.objects.on(day).filter(staff__user__in=users, course_class__isnull=False)
    teaching = set(any_class.values_list("staff__user", flat=True)) if users else set()
    told: dict[int, Told] = {}
    for each in messages:
        taught = classes.get(of_class[each.pk])
        if taught is not None and each.user_id in teachers[taught.pk]:
            told[each.pk] = {"class": taught.title}
        elif not of_class[each.pk] and each.user_id in teaching:
            told[each.pk] = {"class": _SEVERAL}
    return told


notifications.declare(
    Fact(
        code=CHANGED,
        name=gettext_noop("Timetable changed"),
        subject=gettext_noop("Timetable changed: {children}"),
        text=gettext_noop(
            "Hello {name},\n\nthe timetable of {children} has changed. This is how it stands: {link}\n\n{school}"
        ),
        short=gettext_noop("{school}: the timetable of {children} has changed. {link}"),
        read=_still_here,
        on=frozenset({Channel.INBOX}),
    ),
    Fact(
        code=CHANGED_FOR_TEACHERS,
        name=gettext_noop("Timetable changed, for teachers"),
        placeholders={"class": gettext_noop("the class")},
        subject=gettext_noop("Timetable changed: {class}"),
        text=gettext_noop("Hello {name},\n\nthe timetable of {class}, which you teach, has changed.\n\n{school}"),
        short=gettext_noop("{school}: the timetable of {class} has changed."),
        read=_still_teach,
        of_children=False,
    ),
)
