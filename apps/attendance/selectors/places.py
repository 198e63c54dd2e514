"""Where a roll belongs: its section or class, its day, its period, and the rules of its campus."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import BooleanField, F, Func, OuterRef, Q, QuerySet

from apps.access.errors import OutOfReach
from apps.attendance.errors import (
    AttendanceDayLocked,
    DayInTheFuture,
    EditWindowOver,
    NotInstructional,
    OutsideYear,
    PeriodNotHeld,
    PeriodUnknown,
    YearNotBegun,
)
from apps.attendance.models import AttendancePolicy, AttendanceRecord, AttendanceSession
from apps.attendance.selectors.office import CodeBook, codes_column
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import AcademicYear, CourseClass, Institution, Section
from apps.institutions.selectors import DayFacts, day_facts, facts_columns, facts_of
from apps.students.models import ClassEnrolment, SectionMembership, Student
from apps.timetable.models import Period
from schoolops import clock
from schoolops.tenancy.compiled import DAY, KEY, PUBLIC_ID, Compiled, Parameter
from schoolops.tenancy.prepared import Statement


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Names a roll by public ids: a section or a class, its day, and the period unless it is the daily roll."""

    day: dt.date
    section: UUID | None = None
    course_class: UUID | None = None
    period: UUID | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A roll's section or class with everything the rules ask of it.

    ``codes`` and ``facts`` (what its day is): where they were read along with it.
    """

    day: dt.date
    group: Section | CourseClass
    period: Period | None
    policy: AttendancePolicy
    codes: CodeBook | None = None
    facts: DayFacts | None = None

    @property
    def kind(self) -> Literal["section", "class"]:
        return "section" if isinstance(self.group, Section) else "class"

    @property
    def section(self) -> Section | None:
        return self.group if isinstance(self.group, Section) else None

    @property
    def course_class(self) -> CourseClass | None:
        return self.group if isinstance(self.group, CourseClass) else None

    @property
    def institution(self) -> Institution:
        return self.group.institution

    @property
    def year(self) -> AcademicYear:
        return self.group.year

    @property
    def today(self) -> dt.date:
        """The institution's day, not the server's."""
        return clock.today(self.institution.timezone)

    @property
    def first_open_day(self) -> dt.date:
        return self.policy.first_open_day(self.today)

    def sessions(self) -> QuerySet[AttendanceSession]:
        """The roll itself, where there is one."""
        return AttendanceSession.objects.filter(
            section=self.section, course_class=self.course_class, day=self.day, period=self.period
        )

    def blank(self) -> AttendanceSession:
        """The roll before anybody has taken it, unsaved."""
        return AttendanceSession(
            institution=self.institution,
            section=self.section,
            course_class=self.course_class,
            day=self.day,
            period=self.period,
        )

    def roster(self) -> Q:
        """The students of this roll as of its day, as a ``Q`` over students."""
        homeroom = self.group.pk if isinstance(self.group, Section) else self.group.section_id
        members = Q()
        if homeroom is not None:
            members |= Q(pk__in=SectionMembership.objects.on(self.day).filter(section=homeroom).values("student_id"))
        if isinstance(self.group, CourseClass):
            enrolled = ClassEnrolment.objects.on(self.day).filter(course_class=self.group).values("student_id")
            members |= Q(pk__in=enrolled)
        # A record that was merged keeps its past; the child is marked as the one that was kept.
        return members & Q(merged_into__isnull=True)


def policy_of(institution: Institution) -> AttendancePolicy:
    """An institution's rules; the defaults, unsaved, where it has set none."""
    try:
        return institution.attendance_policy
    except ObjectDoesNotExist:
        return AttendancePolicy(institution=institution)


def _with_its_rules(model: Any, *, its_day: bool) -> Compiled[Any]:
    def build() -> QuerySet[Any]:
        related = model.objects.select_related("year", "institution__attendance_policy")
        columns = facts_columns(OuterRef("institution"), Parameter("day", DAY)) if its_day else {}
        rows: QuerySet[Any] = related.filter(sourced_id=Parameter("group", PUBLIC_ID)).annotate(
            the_codes=codes_column(), **columns
        )
        return rows

    return Compiled(build)


# By whether what its day is comes along.
_SECTION = {its_day: _with_its_rules(Section, its_day=its_day) for its_day in (False, True)}
_CLASS = {its_day: _with_its_rules(CourseClass, its_day=its_day) for its_day in (False, True)}
_PERIOD: Compiled[Period] = Compiled(
    lambda: Period.objects.filter(sourced_id=Parameter("period", PUBLIC_ID), institution=Parameter("at", KEY))
)


def place_of(key: SessionKey, *, its_day: bool = False) -> Place:
    """Where ``key`` points to with the school's codes, in one query (two with a period).

    ``its_day``: with what the day is, too, for who goes on to ``must_be_a_day_for_rolls``.

    Raises:
        OutOfReach: no such section or class. PeriodUnknown: no such period at its institution.
    """
    asked, wanted = (_SECTION, key.section) if key.section is not None else (_CLASS, key.course_class)
    said: dict[str, Any] = {"group": wanted, "day": key.day} if its_day else {"group": wanted}
    group = asked[its_day].first(**said)
    if group is None:
        raise OutOfReach
    institution = group.institution
    facts = facts_of(vars(group), institution.weekend, key.day) if its_day else None
    codes = CodeBook(group.the_codes)
    return Place(key.day, group, _period(key.period, institution), policy_of(institution), codes, facts)


def place_of_roll(sheet: AttendanceSession) -> Place:
    """The place of a roll that is known by its id, in one query (two with a period)."""
    model: Any = Section if sheet.section_id is not None else CourseClass
    group = model.objects.select_related("year", "institution__attendance_policy").get(
        pk=sheet.section_id if sheet.section_id is not None else sheet.course_class_id
    )
    return Place(sheet.day, group, sheet.period, policy_of(group.institution))


def why_locked(sheet: AttendanceSession) -> str:
    """Why a roll that is locked is so."""
    if sheet.state == AttendanceSession.State.REOPENED:
        return "the time for which it was re-opened is over"
    return sheet.locked_reason if sheet.state == AttendanceSession.State.LOCKED else "its edit window is over"


def must_be_open(sheet: AttendanceSession, place: Place | None = None) -> None:
    """Nothing, when the roll may be changed now. Without its ``place`` the roll's own relations are read.

    Raises:
        YearIsClosed, AttendanceDayLocked: a person locked it, or its re-opening is over.
        EditWindowOver: it locked by itself.
    """
    institution = place.institution if place is not None else sheet.institution
    must_run(place.year if place is not None else year_of(sheet))
    policy = policy_of(institution)
    first_open_day = policy.first_open_day(clock.today(institution.timezone))
    if sheet.state_at(clock.now(), first_open_day=first_open_day) != AttendanceSession.State.LOCKED:
        return
    if sheet.state in (AttendanceSession.State.LOCKED, AttendanceSession.State.REOPENED):
        raise AttendanceDayLocked(day=sheet.day, reason=why_locked(sheet))
    window = policy.edit_window_days
    raise EditWindowOver(day=sheet.day, window=window, until=sheet.day + dt.timedelta(days=window))


def is_open(sheet: AttendanceSession) -> bool:
    """Whether the roll may be changed now; reads the roll's own relations."""
    try:
        must_be_open(sheet)
    except (YearIsClosed, YearNotBegun, AttendanceDayLocked, EditWindowOver):
        return False
    return True


def rolls_for_update(keys: Iterable[int]) -> dict[int, AttendanceSession]:
    """These rolls by key, held until the transaction ends, in order of key; with what ``must_be_open`` reads."""
    found = (
        AttendanceSession.objects.select_for_update(no_key=True, of=("self",))
        .select_related("institution__attendance_policy", "section__year", "course_class__year")
        .filter(pk__in=list(keys))
        .order_by("pk")
    )
    return {sheet.pk: sheet for sheet in found}


def year_of(sheet: AttendanceSession) -> AcademicYear:
    """The academic year of a roll's section or class."""
    group = sheet.section if sheet.section_id is not None else sheet.course_class
    year: AcademicYear = group.year  # type: ignore[union-attr]  # the database has one of both
    return year


def must_not_be_closed(year: AcademicYear) -> None:
    """Raises ``YearIsClosed``."""
    if year.state == AcademicYear.State.CLOSED:
        raise YearIsClosed(year=year.name)


def must_run(year: AcademicYear) -> None:
    """Nothing, when rolls of ``year`` may be taken and changed. Raises ``YearIsClosed``, ``YearNotBegun``."""
    must_not_be_closed(year)
    if year.state == AcademicYear.State.PLANNED:
        raise YearNotBegun(year=year.name)


def _period(wanted: UUID | None, institution: Institution) -> Period | None:
    if wanted is None:
        return None
    period = _PERIOD.first(period=wanted, at=institution.pk)
    if period is None:
        raise PeriodUnknown
    return period


def must_be_a_day_for_rolls(place: Place) -> None:
    """Nothing, when a roll can exist on that day at all; whether it may still be changed is another question.

    Raises:
        YearIsClosed, YearNotBegun, DayInTheFuture, OutsideYear, NotInstructional, PeriodNotHeld.
    """
    day, year = place.day, place.year
    must_run(year)
    if day > place.today:
        raise DayInTheFuture(day=day, today=place.today, timezone=place.institution.timezone)
    if not year.contains(day):
        raise OutsideYear(day=day, year=year.name, starts_on=year.starts_on, ends_on=year.ends_on)
    facts = place.facts or day_facts(place.institution, day)
    if not facts.instructional:
        raise NotInstructional(day=day, why=facts.title or facts.why)
    if place.period is not None and not takes_place(place.period, facts.starts_at, facts.ends_at):
        raise PeriodNotHeld(
            day=day, period=place.period.name, starts_at=f"{facts.starts_at:%H:%M}", ends_at=f"{facts.ends_at:%H:%M}"
        )


def takes_place(period: Period, day_starts_at: dt.time | None, day_ends_at: dt.time | None) -> bool:
    """Whether any of ``period`` lies within a day whose times the calendar changes; without other times it does."""
    if day_starts_at is None or day_ends_at is None:
        return True
    return bool(period.starts_at < day_ends_at and period.ends_at > day_starts_at)


# Who is on the roll, as ``Place.roster`` says it: by their section, and by their place in the class.
LISTED = """
    SELECT m.student_id, true AS listed, m.roll_number
      FROM students_sectionmembership m
      JOIN institutions_section g ON g.id = m.section_id JOIN institutions_academicyear y ON y.id = g.year_id
     WHERE m.section_id = %(homeroom)s::bigint AND m.starts_on <= %(day)s::date
       AND (m.ends_on > %(day)s::date OR (m.ends_on IS NULL AND y.ends_on >= %(day)s::date))
    UNION ALL
    SELECT e.student_id, true, NULL
      FROM students_classenrolment e
      JOIN institutions_courseclass k ON k.id = e.course_class_id JOIN institutions_academicyear y ON y.id = k.year_id
     WHERE e.course_class_id = %(taught)s::bigint AND e.starts_on <= %(day)s::date
       AND (e.ends_on > %(day)s::date OR (e.ends_on IS NULL AND y.ends_on >= %(day)s::date))
"""
_HOLD = Statement(
    f"""
    SELECT id FROM students_student
     WHERE id IN (SELECT student_id FROM ({LISTED}) there) AND merged_into_id IS NULL
     ORDER BY id FOR NO KEY UPDATE
    """,  # noqa: S608 - ours
    waits=True,
)


def members_asked(place: Place) -> dict[str, Any]:
    """What ``LISTED`` asks of ``place``."""
    group = place.group
    return {
        "homeroom": group.pk if isinstance(group, Section) else group.section_id,
        "taught": group.pk if isinstance(group, CourseClass) else None,
        "day": place.day,
    }


def roster_for_update(place: Place) -> frozenset[int]:
    """The students of a roll as of its day, by key, held until the transaction ends.

    Every writer of a student's day takes this lock first: the desk, another period's roll and leave wait for one
    another, and so each derives the day from all that was said before. In order of key, so that none wait in a ring.
    """
    return frozenset(key for (key,) in _HOLD.rows(**members_asked(place)))


def sheet_asked(place: Place) -> dict[str, Any]:
    """What names the roll of ``place``, for a compiled question."""
    return {"group": place.group.pk, "day": place.day, "period": place.period.pk if place.period else None}


def sheets(column: str, rows: Callable[[], QuerySet[AttendanceSession]], *, waits: bool = False) -> Any:
    """The roll of a section or class (``column``), a day and a period among ``rows``, compiled."""
    # A roll of the day has no period: NULL is found as any other.
    period: Any = Func(
        F("period"), Parameter("period", KEY), template="(%(expressions)s)", arg_joiner=" IS NOT DISTINCT FROM ",
        output_field=BooleanField(),
    )  # fmt: skip
    return Compiled(
        lambda: rows().filter(period, **{column: Parameter("group", KEY)}, day=Parameter("day", DAY)), waits=waits
    )


def _held_sheets(column: str) -> Compiled[AttendanceSession]:
    held: Compiled[AttendanceSession] = sheets(
        column, lambda: AttendanceSession.objects.select_for_update(no_key=True), waits=True
    )
    return held


_HELD_SHEETS = {"section": _held_sheets("section"), "class": _held_sheets("course_class")}


def sheet_for_update(place: Place) -> AttendanceSession | None:
    """The roll of ``place``, where there is one, held until the transaction ends."""
    return _HELD_SHEETS[place.kind].first(**sheet_asked(place))


def locked_students(students: Iterable[int]) -> list[Student]:
    """These students, locked in order of key."""
    return list(
        Student.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=list(students))
        .only("id", "sourced_id", "given_name", "middle_name", "family_name")
        .order_by("id")
    )


def locked_if_marked(students: Iterable[int], since: dt.date) -> tuple[int, ...]:
    """Those of these students (by key) of whom a roll says something since that day, held until the transaction ends.

    Two statements; one where there are none, as of those who have just come.
    """
    marked = AttendanceRecord.objects.filter(student__in=list(students), day__gte=since)
    return tuple(each.pk for each in locked_students(marked.values_list("student_id", flat=True).distinct()))
