"""Days of children: how today stands, a month of attendance, the lessons of some days."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import F, Q

from apps.attendance.models import DailyAttendance, DayState
from apps.attendance.selectors.places import takes_place
from apps.family.selectors.children import Child
from apps.institutions.models import CalendarDay, Institution
from apps.institutions.selectors import closed_days, special_days, why_closed
from apps.students.models import ClassEnrolment, FamilyItem, SectionMembership
from apps.timetable.models import Meeting
from schoolops.tenancy.compiled import DAY, KEY, Compiled, Parameter, any_of

Standing = Literal["here", "late", "half", "absent", "excused", "not-taken", "closed", "away", ""]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a child. ``why``: why there is no school on it."""

    day: dt.date
    standing: Standing
    why: str = ""


def _standing(state: str, excused: bool, late: bool) -> Standing:  # noqa: FBT001 - three facts of a row
    if state == DayState.ABSENT:
        return "excused" if excused else "absent"
    if state == DayState.HALF:
        return "half"
    return "late" if late else "here"


# Of children, the days from the first to the last.
_DAYS: Compiled[tuple[int, dt.date, str, bool, bool]] = Compiled(
    lambda: DailyAttendance.objects.filter(
        any_of("student", "students"), day__gte=Parameter("first", DAY), day__lte=Parameter("last", DAY)
    ).values_list("student", "day", "state", "excused", "late")
)
# Where a child was, or is, by then.
_PLACES: Compiled[SectionMembership] = Compiled(
    lambda: (
        SectionMembership.objects.filter(student=Parameter("student", KEY), starts_on__lte=Parameter("last", DAY))
        .select_related("section__year", "section__institution")
        .order_by("-enrolment__primary", "pk")
    )
)


def standing_today(children: Iterable[Child]) -> dict[int, Day]:
    """How today stands of whom attendance is open, by key: a statement, and one for each campus they are at."""
    open_to = [child for child in children if FamilyItem.ATTENDANCE in child.items]
    days = {child.today for child in open_to}
    if not open_to:
        return {}
    rows = _DAYS.all(students=[child.student.pk for child in open_to], first=min(days), last=max(days))
    said = {(student, day): _standing(state, excused, late) for student, day, state, excused, late in rows}
    campuses: dict[int, Institution] = {child.student.institution_id: child.student.institution for child in open_to}
    closed = {(key, day): closed_days(each, [day]).get(day) for key, each in campuses.items() for day in days}
    found = {}
    for child in open_to:
        standing = said.get((child.student.pk, child.today))
        why = closed[child.student.institution_id, child.today]
        if standing is not None:
            found[child.student.pk] = Day(child.today, standing)
        elif why is not None:
            found[child.student.pk] = Day(child.today, "closed", why)
        else:
            found[child.student.pk] = Day(child.today, "not-taken" if child.section else "away")
    return found


def months_around(child: Child, month: dt.date) -> tuple[list[list[Day | None]], dict[str, int]]:
    """The weeks of a month as they are printed, and how often each standing was. Two statements, and one a campus.

    A week begins where the campus's does; ``None`` stands where a week reaches into another month. Closed is what was
    so where the child was on that day.
    """
    campus = child.student.institution
    last = calendar.monthrange(month.year, month.month)[1]
    days = [month.replace(day=number) for number in range(1, last + 1)]
    rows = _DAYS.all(students=[child.student.pk], first=days[0], last=days[-1])
    said = {day: _standing(state, excused, late) for _student, day, state, excused, late in rows}
    theirs = [(each, each.section.institution) for each in _PLACES.all(student=child.student.pk, last=days[-1])]
    places = {day: next((at for each, at in theirs if each.holds(day)), campus) for day in days}
    closed = {at: closed_days(at, days) for at in dict.fromkeys(places.values())}
    weeks: list[list[Day | None]] = [[None] * ((days[0].isoweekday() - first_weekday(campus)) % 7)]
    counted: dict[str, int] = defaultdict(int)
    for day in days:
        if len(weeks[-1]) == len(WEEK):
            weeks.append([])
        why = closed[places[day]].get(day, "")
        awaited = day == child.today and child.section
        standing = said.get(day) or ("closed" if why else "not-taken" if awaited else "")
        counted[standing] += 1
        weeks[-1].append(Day(day, standing, why))
    weeks[-1] += [None] * (len(WEEK) - len(weeks[-1]))
    return weeks, dict(counted)


WEEK = range(7)


def first_weekday(campus: Institution) -> int:
    """The ISO weekday on which a campus's week begins: the one after its weekend, Monday without one."""
    return next(
        (each for each in range(1, 8) if each not in campus.weekend and (each - 2) % 7 + 1 in campus.weekend), 1
    )


# --- lessons ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Lesson:
    """A class of the child's that meets on a day; its times are those of ``timezone``."""

    id: str
    title: str
    period: str
    starts_at: dt.time
    ends_at: dt.time
    room: str
    timezone: str


def lessons_of(child: Child, days: Sequence[dt.date]) -> dict[dt.date, list[Lesson]]:
    """Day → the lessons of a child, in order of time; none on a day without school, or outside its changed times.

    Three statements for any number, and one for each campus at which they are taught.
    """
    first, last = days[0], days[-1]
    theirs = {"student": child.student, "starts_on__lte": last}
    sections = list(
        SectionMembership.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=first), **theirs).select_related(
            "section__year"
        )
    )
    classes = list(
        ClassEnrolment.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=first), **theirs).select_related(
            "course_class__year"
        )
    )
    taught = Q(course_class__in=[each.course_class_id for each in classes])
    taught |= Q(course_class__section__in=[each.section_id for each in sections])
    meetings: Any = Meeting.objects.filter(taught, starts_on__lte=last).exclude(ends_on=F("starts_on"))
    meetings = meetings.select_related("course_class__year", "course_class__institution", "period")
    meetings = list(meetings.order_by("period__starts_at", "pk"))
    campuses = dict.fromkeys(each.course_class.institution for each in meetings)
    special = {campus.pk: special_days(campus, days) for campus in campuses}
    found: dict[dt.date, list[Lesson]] = {}
    for day in days:
        there = {each.section_id for each in sections if each.holds(day)}
        taken = {each.course_class_id for each in classes if each.starts_on <= day < each.until}
        found[day] = [
            Lesson(
                f"{each.sourced_id}",
                each.course_class.title,
                each.period.name,
                each.period.starts_at,
                each.period.ends_at,
                each.room,
                each.course_class.institution.timezone,
            )
            for each in meetings
            if each.weekday == day.isoweekday()
            and _is_held(each, day, special[each.course_class.institution_id].get(day))
            and each.starts_on <= day < (each.ends_on or each.course_class.year.over_on)
            and (each.course_class_id in taken or each.course_class.section_id in there)
        ]
    return found


def _is_held(meeting: Meeting, day: dt.date, special: CalendarDay | None) -> bool:
    """Whether there is school at its campus then, and still or already at its time."""
    if why_closed(meeting.course_class.institution, day, special):
        return False
    return special is None or takes_place(meeting.period, special.starts_at, special.ends_at)
