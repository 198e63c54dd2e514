"""The day as a whole: which rolls are expected and not yet taken, a teacher's own classes, each campus in figures.

A roll is expected of every section with students (where the campus takes daily rolls) and of every class that meets
(where it takes them by period), on days of school. Everything here is bounded by sections × periods, so it comes whole.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, SmallIntegerField

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance.caches import ATTENDANCE_DAILY, CampusDay
from apps.attendance.models import AttendanceSession, DailyAttendance
from apps.attendance.selectors.lists import COUNTED, MINUTES
from apps.attendance.selectors.places import policy_of, takes_place
from apps.institutions.models import AcademicYear, CalendarDay, CourseClass, Institution, Section, Term
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.students.models import ClassEnrolment, FamilyItem, SectionMembership, Student
from apps.students.selectors import shown_to
from apps.timetable.models import Meeting, meets_on
from schoolops import clock
from schoolops.rows import RowStatus
from schoolops.tenancy.compiled import DAY, KEY, PUBLIC_ID, Compiled, Parameter, any_of

Group = TypeVar("Group", Section, CourseClass)
Which = QuerySet[Group] | Collection[int] | None


ON: Any = Parameter("day", DAY)


@dataclass(slots=True)
class Board:
    """The rolls expected on a day, each with whether it was taken; of the sections and classes within ``reach``."""

    day: dt.date
    reach: tuple[Q, ...] = ()
    rolls: list[dict[str, Any]] = field(default_factory=list)
    groups: Sequence[Section | CourseClass] = ()

    def not_taken(self) -> list[dict[str, Any]]:
        """Those nobody has taken."""
        return [roll for roll in self.rolls if roll["roll"]["taken_at"] is None]


_CALENDAR: Compiled[CalendarDay] = Compiled(
    lambda: CalendarDay.objects.filter(any_of("institution", "institutions"), day=ON)
)


def calendar_of(institutions: Iterable[Institution], day: dt.date) -> dict[int, CalendarDay]:
    """By key of the institution, what its calendar says of ``day``; one query for all."""
    keys = [institution.pk for institution in institutions]
    return {row.institution_id: row for row in (_CALENDAR.all(day=day, institutions=keys) if keys else ())}


def why_no_school(
    institutions: Iterable[Institution], day: dt.date, calendar: Mapping[int, CalendarDay]
) -> dict[int, str]:
    """By key, why there is no school on ``day``; institutions with school are left out."""
    there = list(institutions)
    why: dict[int, str] = {}
    for institution in there:
        row = calendar.get(institution.pk)
        if row is not None and row.kind in (CalendarDay.Kind.HOLIDAY, CalendarDay.Kind.CLOSURE):
            why[institution.pk] = str(row.title or row.kind)
        elif row is None and day.isoweekday() in institution.weekend:
            why[institution.pk] = "weekend"
    return why


def _in_a_running_year(day: Any) -> Q:
    inside = Q(year__starts_on__lte=day, year__ends_on__gte=day, status=RowStatus.ACTIVE)
    return inside & Q(year__state=AcademicYear.State.ACTIVE)


def _homerooms(sections: QuerySet[Section], day: Any) -> QuerySet[Section]:
    related = ("institution__attendance_policy", "grade_level")
    found = sections.filter(_in_a_running_year(day)).select_related(*related)
    return found.order_by("grade_level__position", "name", "id")


def _taught(classes: QuerySet[CourseClass], day: Any) -> QuerySet[CourseClass]:
    whole_year = ~Exists(Term.objects.filter(classes=OuterRef("pk")))
    return (
        classes.filter(_in_a_running_year(day))
        .filter(whole_year | Q(terms__starts_on__lte=day, terms__ends_on__gte=day))
        .select_related("institution__attendance_policy", "section__grade_level")
        .distinct()
    )


class _Groups(Generic[Group]):
    """The sections, or classes, that may have rolls: all, those of some keys, or those of a queryset."""

    def __init__(self, model: type[Group], build: Callable[[QuerySet[Group], Any], QuerySet[Group]]) -> None:
        rows = model._default_manager
        self._build: Callable[[QuerySet[Group], Any], QuerySet[Group]] = build
        self._all: Compiled[Group] = Compiled(lambda: build(rows.all(), ON))
        self._some: Compiled[Group] = Compiled(lambda: build(rows.filter(any_of("pk", "keys")), ON))

    def on(self, day: dt.date, which: Which[Group]) -> list[Group]:
        if which is None:
            return self._all.all(day=day)
        if isinstance(which, QuerySet):
            return list(self._build(which, day))
        return self._some.all(day=day, keys=which) if which else []


_SECTIONS = _Groups(Section, _homerooms)
_CLASSES = _Groups(CourseClass, _taught)


def expected_rolls(
    day: dt.date, *, sections: Which[Section], classes: Which[CourseClass], everything: bool = False
) -> Board:
    """The rolls expected on ``day`` of these sections and classes, in eight queries whatever their number.

    Of years that run, and of no day to come: nobody can take those. Of no period after an early end of the day.

    Args:
        sections, classes: keys or rows; ``None`` is all of them.
        everything: also those that the campus's rules do not ask for, and on days without school: for a teacher's own
            list, where a missing line would puzzle.
    """
    homerooms = _SECTIONS.on(day, sections)
    taught = _CLASSES.on(day, classes)
    groups: list[Section | CourseClass] = [*homerooms, *taught]
    campuses = {group.institution_id: group.institution for group in groups}
    # Where everything is wanted, nothing is left out for what the calendar says.
    calendar = {} if everything else calendar_of(campuses.values(), day)
    closed: set[int] = set()
    if not everything:
        closed = {key for key, campus in campuses.items() if clock.today(campus.timezone) < day}
        closed |= set(why_no_school(campuses.values(), day, calendar))
    sizes = _Sizes(day, homerooms, taught)
    sessions = _sessions(day, homerooms, taught)
    board = Board(day, groups=groups)
    for section in homerooms:
        wanted = everything or policy_of(section.institution).daily_rolls
        if wanted and section.institution_id not in closed and sizes.of_section[section.pk]:
            board.rolls.append(
                _line("daily", section, None, sizes.of_section[section.pk], sessions.get((section.pk, None, None)))
            )
    by_key = {each.pk: each for each in taught}
    for meeting in _meetings(day, taught):
        taught_class = by_key[meeting.course_class_id]
        size = sizes.of_class[taught_class.pk]
        wanted = everything or (policy_of(taught_class.institution).period_rolls and _is_held(meeting, calendar))
        if wanted and taught_class.institution_id not in closed and size:
            session = sessions.get((None, taught_class.pk, meeting.period_id))
            board.rolls.append(_line("period", taught_class, meeting, size, session))
    return board


def _is_held(meeting: Meeting, calendar: Mapping[int, CalendarDay]) -> bool:
    row = calendar.get(meeting.period.institution_id)
    if row is None or row.kind != CalendarDay.Kind.TIMING_CHANGE:
        return True
    return takes_place(meeting.period, row.starts_at, row.ends_at)


# A guest of a class that is taught to a whole section counts besides its members, a member does not twice.
_GUESTS: Compiled[tuple[int, int]] = Compiled(
    lambda: (
        ClassEnrolment.objects.on(ON)
        .filter(any_of("course_class", "classes"), student__merged_into=None)
        .exclude(
            Exists(
                SectionMembership.objects.on(ON).filter(
                    student=OuterRef("student"), section=OuterRef("course_class__section")
                )
            )
        )
        .values_list("course_class_id")
        .annotate(size=Count("student_id", distinct=True))
    )
)
_MEMBERS: Compiled[tuple[int, int]] = Compiled(
    lambda: (
        SectionMembership.objects.on(ON)
        .filter(any_of("section", "sections"), student__merged_into=None)
        .values_list("section_id")
        .annotate(size=Count("student_id", distinct=True))
    )
)


class _Sizes:
    """How many students each section and class has on a day, in two queries."""

    def __init__(self, day: dt.date, sections: list[Section], classes: list[CourseClass]) -> None:
        homerooms = {section.pk for section in sections} | {
            class_.section_id for class_ in classes if class_.section_id
        }
        self.of_section: dict[int, int] = defaultdict(int)
        if homerooms:
            self.of_section.update(_MEMBERS.all(day=day, sections=sorted(homerooms)))
        self.of_class: dict[int, int] = defaultdict(int)
        if classes:
            self.of_class.update(_GUESTS.all(day=day, classes=[class_.pk for class_ in classes]))
        for class_ in classes:
            if class_.section_id:
                self.of_class[class_.pk] += self.of_section[class_.section_id]


_MEETINGS: Compiled[Meeting] = Compiled(
    lambda: (
        Meeting.objects.filter(
            meets_on(ON, Parameter("weekday", SmallIntegerField())), any_of("course_class", "classes")
        )
        .select_related("period")
        .order_by("period__starts_at", "course_class_id", "id")
    )
)
_TAKEN: Compiled[AttendanceSession] = Compiled(
    lambda: AttendanceSession.objects.filter(
        Q(any_of("section", "sections")) | Q(any_of("course_class", "classes")), day=ON
    )
)


def _meetings(day: dt.date, classes: list[CourseClass]) -> list[Meeting]:
    if not classes:
        return []
    return _MEETINGS.all(day=day, weekday=day.isoweekday(), classes=[class_.pk for class_ in classes])


def _sessions(
    day: dt.date, sections: list[Section], classes: list[CourseClass]
) -> dict[tuple[int | None, int | None, int | None], AttendanceSession]:
    if not sections and not classes:
        return {}
    rolls = _TAKEN.all(
        day=day, sections=[section.pk for section in sections], classes=[class_.pk for class_ in classes]
    )
    return {(roll.section_id, roll.course_class_id, roll.period_id): roll for roll in rolls}


def _line(
    kind: str, group: Section | CourseClass, meeting: Meeting | None, size: int, sheet: AttendanceSession | None
) -> dict[str, Any]:
    institution = group.institution
    section = group if isinstance(group, Section) else group.section
    period = meeting.period if meeting is not None else None
    return {
        "kind": kind,
        "institution_id": institution.sourced_id,
        "section_id": section.sourced_id if section is not None else None,
        "section": str(section) if section is not None else None,
        "class_id": group.sourced_id if isinstance(group, CourseClass) else None,
        "title": str(group),
        "room": (meeting.room if meeting is not None else "") or group.room,
        "period": None
        if period is None
        else {
            "id": period.sourced_id,
            "name": period.name,
            "starts_at": period.starts_at,
            "ends_at": period.ends_at,
        },
        "students": size,
        "roll": {
            "id": sheet.sourced_id if sheet is not None else None,
            "version": sheet.version if sheet is not None else 0,
            "state": _state(sheet, institution),
            "taken_at": sheet.taken_at if sheet is not None else None,
        },
    }


def _state(sheet: AttendanceSession | None, institution: Institution) -> str:
    if sheet is None:
        return AttendanceSession.State.OPEN.value
    first = policy_of(institution).first_open_day(clock.today(institution.timezone))
    return sheet.state_at(clock.now(), first_open_day=first).value


def rolls_not_taken(
    day: dt.date,
    *,
    by: User,
    institution: UUID | None = None,
    kind: str | None = None,
    known: Board | None = None,
) -> list[dict[str, Any]]:
    """The rolls within ``by``'s reach, expected on ``day``, that nobody has taken. ``known``: see ``board_of``."""
    return [
        roll
        for roll in board_of(day, by=by, permission="attendance.mark", known=known).not_taken()
        if institution in (None, roll["institution_id"]) and kind in (None, roll["kind"])
    ]


def board_of(day: dt.date, *, by: User, permission: str, known: Board | None = None, at_work: bool = False) -> Board:
    """The rolls expected on ``day`` that ``by`` reaches with ``permission``: ``known`` if that is of the same reach."""
    sections, classes = reach = (
        access.within_reach(by, permission, "section", day=day, at_work=at_work),
        access.within_reach(by, permission, "class", day=day, at_work=at_work),
    )
    if known is not None and (known.day, known.reach) == (day, reach):
        return known
    board = expected_rolls(
        day,
        sections=None if sections == Q() else Section.objects.filter(sections),
        classes=None if classes == Q() else CourseClass.objects.filter(classes),
    )
    board.reach = reach
    return board


def _by_name(rows: QuerySet[Any]) -> QuerySet[Any]:
    these = Q(any_of("section__sourced_id", "sections", PUBLIC_ID))
    these |= Q(any_of("course_class__sourced_id", "classes", PUBLIC_ID))
    return rows.filter(these).select_related("staff", "section", "course_class").order_by("staff__name_key", "pk")


_INSTEAD: Compiled[Any] = Compiled(lambda: _by_name(Substitution.objects.filter(day=ON)))
_TEACHES: Compiled[Any] = Compiled(
    lambda: _by_name(TeachingAssignment.objects.on(ON).filter(kind=TeachingAssignment.Kind.TEACHER))
)


def who_takes(rolls: Sequence[dict[str, Any]], day: dt.date) -> list[list[StaffMember]]:
    """Who takes each of ``rolls`` on ``day``, by name: who stands in, or else who teaches it. Two queries."""
    if not rolls:
        return []
    sections = [roll["section_id"] for roll in rolls if roll["kind"] == "daily"]
    classes = [roll["class_id"] for roll in rolls if roll["class_id"] is not None]
    teaches: dict[UUID, list[StaffMember]] = defaultdict(list)
    stands_in: dict[UUID, list[StaffMember]] = defaultdict(list)
    for found, asked in ((stands_in, _INSTEAD), (teaches, _TEACHES)):
        for row in asked.all(day=day, sections=sections, classes=classes):
            if row.staff not in found[row.group.sourced_id]:
                found[row.group.sourced_id].append(row.staff)
    keys = [roll["section_id"] if roll["kind"] == "daily" else roll["class_id"] for roll in rolls]
    return [stands_in.get(key) or teaches.get(key) or [] for key in keys]


def say_who_teaches(rolls: Sequence[dict[str, Any]], day: dt.date) -> set[int]:
    """Put into each of ``rolls`` as ``teachers`` the names of who takes it on ``day``; the keys of their logins."""
    found = who_takes(rolls, day)
    for roll, staff in zip(rolls, found, strict=True):
        roll["teachers"] = ", ".join(each.full_name for each in staff)
    return {each.user_id for staff in found for each in staff if each.user_id is not None}


def say_which_campus(rolls: Sequence[dict[str, Any]]) -> None:
    """Put into each of ``rolls`` as ``campus`` where it is, if they are of more than one: sections are called alike."""
    there = {roll["institution_id"] for roll in rolls}
    names = {}
    if len(there) > 1:
        names = dict(Institution.objects.filter(sourced_id__in=there).values_list("sourced_id", "name"))
    for roll in rolls:
        roll["campus"] = names.get(roll["institution_id"], "")


def campuses_closed(day: dt.date, *, only: Collection[UUID] | None = None) -> list[tuple[Institution, str]]:
    """The campuses (``only``: by public id) that have no school on ``day``, each with why. Two queries."""
    there = [each for each in _CAMPUSES.all() if only is None or each.sourced_id in only]
    closed = why_no_school(there, day, calendar_of(there, day))
    return [(each, closed[each.pk]) for each in there if each.pk in closed]


_WHO: Any = Parameter("user", KEY)
_OWN: Compiled[tuple[int | None, int | None]] = Compiled(
    lambda: TeachingAssignment.objects.on(ON).filter(staff__user=_WHO).values_list("section_id", "course_class_id")
)
_STANDS_IN: Compiled[tuple[int | None, int | None]] = Compiled(
    lambda: Substitution.objects.filter(staff__user=_WHO, day=ON).values_list("section_id", "course_class_id")
)


def classes_of(day: dt.date, *, by: User) -> list[dict[str, Any]]:
    """What ``by`` teaches on ``day``, substitutions included, with the state of each roll; by time of day."""
    access.require(by, "attendance.mark")
    assigned, substituted = set(_OWN.all(day=day, user=by.pk)), set(_STANDS_IN.all(day=day, user=by.pk))
    both = assigned | substituted
    board = expected_rolls(
        day,
        sections=[section for section, _ in both if section],
        classes=[taught for _, taught in both if taught],
        everything=True,
    )
    regular = {
        group.sourced_id
        for group in board.groups
        if ((group.pk, None) if isinstance(group, Section) else (None, group.pk)) in assigned
    }
    for roll in board.rolls:
        roll["substitute"] = (roll["class_id"] or roll["section_id"]) not in regular
    first = dt.time.min
    return sorted(board.rolls, key=lambda roll: roll["period"]["starts_at"] if roll["period"] else first)


def _figures(day: dt.date, students: Q) -> tuple[CampusDay, ...]:
    days = DailyAttendance.objects.filter(day=day)
    if students != Q():
        days = days.filter(student__in=Student.objects.filter(students).values("pk"))
    rows: Any = days.values(campus=F("institution__sourced_id")).annotate(**COUNTED, minutes_missed=MINUTES)
    return tuple(CampusDay(row.pop("campus"), tuple(row.items())) for row in rows)


_CAMPUSES: Compiled[Institution] = Compiled(lambda: Institution.objects.order_by("name", "id"))


def day_in_figures(day: dt.date, *, by: User, board: Board | None = None) -> list[dict[str, Any]]:
    """Each campus's day: students by state, and how many of the expected rolls are taken; within ``by``'s reach.

    ``board``: that of the day with ``attendance.view``, where it was made already.
    """
    students = access.within_reach(by, "attendance.view", "student", day=day)
    if (shown := shown_to(by, FamilyItem.ATTENDANCE, "attendance.view")) is not None:
        students &= shown
    board = board or board_of(day, by=by, permission="attendance.view")
    if students == Q():
        figures = ATTENDANCE_DAILY.get(day, load=lambda: _figures(day, students))
    else:
        # What somebody reaches only a part of is theirs: it is never kept for another.
        figures = _figures(day, students)
    counted = {figure.campus: dict(figure.counts) for figure in figures}
    campuses = _CAMPUSES.all()
    closed = why_no_school(campuses, day, calendar_of(campuses, day))
    expected: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for roll in board.rolls:
        expected[roll["institution_id"]].append(roll)
    nothing = dict.fromkeys((*COUNTED, "minutes_missed"), 0)
    return [
        {
            "institution_id": campus.sourced_id,
            "institution": campus.name,
            "instructional": campus.pk not in closed,
            "why": closed.get(campus.pk, ""),
            **{
                ("recorded" if name == "days" else name): n
                for name, n in counted.get(campus.sourced_id, nothing).items()
            },
            "rolls_expected": len(expected[campus.sourced_id]),
            "rolls_taken": sum(roll["roll"]["taken_at"] is not None for roll in expected[campus.sourced_id]),
        }
        for campus in campuses
    ]
