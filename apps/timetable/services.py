"""Writes of the timetable: the periods of a day, and when a class meets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import AcademicYear, CourseClass, Institution
from apps.institutions.selectors import today_at
from apps.institutions.services.records import write_change, write_new, write_removal
from apps.timetable import errors
from apps.timetable.events import PeriodsChanged
from apps.timetable.models import Meeting, Period
from schoolops import events
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
    if write_change(row, fields, by=by, explained=_PERIOD):
        events.publish(PeriodsChanged(row.institution_id))
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
    return write_new(meeting, by=by, explained=_explained(course_class), after=after)


@transaction.atomic
def change_meeting(*, meeting: Meeting, fields: Mapping[str, Any], by: User) -> Meeting:
    """Change a meeting: its room and end at any time, its period, weekday and beginning before it has begun.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, PeriodElsewhere, NotInYear, MeetingEndsBeforeStart, MeetsAlready,
        MeetingBegan.
    """
    row = _held(meeting)
    course_class = row.course_class
    access.require_at(by, "sections.manage", course_class.institution)
    _, after = trail.changed(row, fields)
    if _has_begun(row) and {"period", "weekday", "starts_on"} & after.keys():
        raise errors.MeetingBegan(day=row.starts_on)
    _check(Meeting(**{**_facts(row), **after}))
    write_change(row, after, by=by, explained=_explained(course_class))
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
