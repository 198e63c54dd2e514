"""The start page: the day as far as its reader may see it. A part is ``None`` where the permission is missing.

The number of queries depends on what the reader may see, never on how many students there are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Window
from django.db.models.functions import ExtractDay, ExtractMonth

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import User
from apps.attendance import selectors as attendance
from apps.attendance.models import DailyAttendance, DayState, Leave
from apps.office.shell.charts import DayShare
from apps.office.shell.rooms import Panel, Waiting, rooms
from apps.office.start.selectors.progress import InProgress, in_progress
from apps.students.models import FamilyItem, SectionMembership
from apps.students.selectors import of_students_asked, of_students_in_reach, of_students_shown
from schoolops.folding import name_key
from schoolops.tenancy.compiled import DAY, Compiled, Parameter, any_of, by_shape

# What fits beside the chart; the whole lists are a click away.
SHOWN = 12
TREND_DAYS = 10
# Two weeks of holidays and the days around them.
LOOK_BACK = 40
BIRTHDAYS = 7


@dataclass(frozen=True, slots=True)
class Birthday:
    """A student whose birthday is on ``day``; ``turns`` is the age."""

    student_id: Any
    name: str
    section: str
    day: dt.date
    turns: int


@dataclass(frozen=True, slots=True)
class Start:
    """Everything the page shows."""

    day: dt.date
    campuses: list[dict[str, Any]] | None = None
    trend: list[DayShare] | None = None
    not_taken: list[dict[str, Any]] | None = None
    not_taken_number: int = 0
    own: list[dict[str, Any]] | None = None
    absentees: list[dict[str, Any]] | None = None
    absentees_number: int = 0
    # On approved leave today, of whom no roll says so yet.
    on_leave: list[dict[str, Any]] | None = None
    birthdays: list[Birthday] | None = None
    waiting: tuple[Waiting, ...] = ()
    panels: tuple[Panel, ...] = ()
    jobs: list[InProgress] = field(default_factory=list)

    @property
    def school(self) -> bool:
        """Whether there is school anywhere that the reader sees."""
        return self.campuses is None or any(campus["instructional"] for campus in self.campuses)

    @property
    def rolls(self) -> dict[str, int]:
        """How many of the expected rolls are taken, over all campuses."""
        return {name: sum(campus[f"rolls_{name}"] for campus in self.campuses or ()) for name in ("taken", "expected")}


def start_of(by: User, day: dt.date) -> Start:
    """The start page of ``by``."""
    held = access_rows.permissions_of(by)
    sees, marks = "attendance.view" in held, "attendance.mark" in held
    absent, number = _absentees(day, by=by) if sees else (None, 0)
    # Whoever teaches has own rolls on top; for the office it is all the missing ones.
    teaches = marks and not access_rows.reaches_everything(by, "attendance.mark")
    # For most of the office what they see is what they may mark: the day's board is made once.
    board = attendance.board_of(day, by=by, permission="attendance.view") if sees else None
    missing = attendance.rolls_not_taken(day, by=by, known=board) if marks and not teaches else None
    if missing:
        attendance.say_which_campus(missing)
        attendance.say_who_teaches(missing[:SHOWN], day)
    return Start(
        day=day,
        campuses=attendance.day_in_figures(day, by=by, board=board) if sees else None,
        trend=trend(day, by=by) if sees else None,
        own=attendance.classes_of(day, by=by) if teaches else None,
        not_taken=None if missing is None else missing[:SHOWN],
        not_taken_number=len(missing or ()),
        absentees=absent,
        absentees_number=number,
        on_leave=_on_leave(day, by=by) if sees else None,
        birthdays=birthdays(day, by=by) if "students.view" in held else None,
        waiting=what_waits(by, day),
        panels=tuple(panel for room in rooms() for panel in room.panels(by, day)),
        jobs=in_progress(by),
    )


def what_waits(by: User, day: dt.date) -> tuple[Waiting, ...]:
    """Everything that waits and that ``by`` can do something about, room by room."""
    return tuple(each for room in rooms() for each in room.waiting(by, day) if each.number)


def trend(day: dt.date, *, by: User) -> list[DayShare]:
    """The last days on which rolls were taken, ``day`` included, oldest first. One query."""
    reach = of_students_in_reach(by, "attendance.view", day)
    reach &= of_students_shown(by, FamilyItem.ATTENDANCE, "attendance.view")
    asked: dict[str, Any] = {"before": day - dt.timedelta(days=LOOK_BACK), "day": day}
    rows = _TREND.all(**asked) if reach == Q() else _shares(DailyAttendance.objects.filter(reach), **asked)
    return [DayShare(**row) for row in rows][::-1]


def _shares(days: QuerySet[DailyAttendance], *, before: Any, day: Any) -> QuerySet[Any, dict[str, Any]]:
    counted = days.filter(day__gt=before, day__lte=day).values("day")
    by_state = {state.value: Count("id", filter=Q(state=state)) for state in DayState}
    rows: QuerySet[Any, Any] = counted.annotate(**by_state).order_by("-day")
    return rows[:TREND_DAYS]


_TREND: Compiled[dict[str, Any]] = Compiled(
    lambda: _shares(DailyAttendance.objects.all(), before=Parameter("before", DAY), day=Parameter("day", DAY))
)


def _absentees(day: dt.date, *, by: User) -> tuple[list[dict[str, Any]], int]:
    """The first absentees, those without excuse before the others, and how many there are. One query."""
    rows = _absent(day, by)
    listed = [
        {
            "id": row["student__sourced_id"],
            "name": f"{row['student__given_name']} {row['student__family_name']}".strip(),
            "section": f"{row['section__grade_level__name'] or ''} {row['section__name'] or ''}".strip(),
            "excused": row["excused"],
        }
        for row in rows
    ]
    return listed, rows[0]["number"] if rows else 0


def _on_leave(day: dt.date, *, by: User) -> list[dict[str, Any]]:
    """Who is on approved leave on ``day`` and has no day yet that counts as absent. One query."""
    reach = access_rows.asked_reach(by, "attendance.view", "student", day=day)
    shown = of_students_shown(by, FamilyItem.LEAVE, "attendance.view")
    rows: Iterable[Leave]
    if reach is None or shown:
        rows = _leave_on(day, of_students_in_reach(by, "attendance.view", day) & shown)
    else:
        compiled: Compiled[Leave] = by_shape(
            ("start.on-leave", reach.shape), lambda: _leave_on(Parameter("day", DAY), of_students_asked(reach))
        )
        rows = compiled.all(**reach.values, day=day)
    return [{"id": each.student.sourced_id, "name": each.student.full_name, "until": each.ends_on} for each in rows]


def _leave_on(day: Any, reached: Q) -> QuerySet[Leave]:
    counted = DailyAttendance.objects.filter(student=OuterRef("student"), day=day)
    rows = Leave.objects.filter(
        ~Exists(counted), reached, state=Leave.State.APPROVED, starts_on__lte=day, ends_on__gte=day
    )
    return rows.select_related("student").order_by("student__name_key", "student_id")[:SHOWN]


def _absent(day: dt.date, by: User) -> list[dict[str, Any]]:
    reach = access_rows.asked_reach(by, "attendance.view", "student", day=day)
    if reach is None or access.is_family(by):
        return list(_first_of(attendance.absentees(day, by=by)))
    compiled: Compiled[dict[str, Any]] = by_shape(
        ("start.absent", reach.shape),
        lambda: _first_of(attendance.absent_on(Parameter("day", DAY), of_students_asked(reach))),
    )
    return compiled.all(**reach.values, day=day)


def _first_of(found: QuerySet[DailyAttendance]) -> QuerySet[Any, dict[str, Any]]:
    rows: QuerySet[Any, Any] = found.order_by("excused", "student__name_key", "student_id").values(
        "student__sourced_id",
        "student__given_name",
        "student__family_name",
        "section__name",
        "section__grade_level__name",
        "excused",
        number=Window(Count("pk")),
    )
    return rows[:SHOWN]


def birthdays(day: dt.date, *, by: User) -> list[Birthday]:
    """Whose birthday is in the seven days from ``day``, of the students on a roster today. One query."""
    dates = [day + dt.timedelta(days=ahead) for ahead in range(BIRTHDAYS)]
    found: dict[UUID, Birthday] = {}
    order = {}
    for student, given, family, born, level, name in _born_on(dates, by):
        on = next(date for date in dates if _falls_on(born, date))
        order[student] = on, name_key(family, given), student
        found[student] = Birthday(student, f"{given} {family}".strip(), f"{level} {name}", on, on.year - born.year)
    return [found[student] for student in sorted(found, key=lambda student: order[student])]


def _born_on(dates: list[dt.date], by: User) -> list[tuple[Any, ...]]:
    """Who is on a roster on the first of ``dates`` and has their birthday on one of them, of any year."""
    born = [date.month * 100 + date.day for date in dates]
    if any(map(_stands_in_for_leap_day, dates)):
        born.append(229)
    reach = access_rows.asked_reach(by, "students.view", "student", day=dates[0])
    if reach is None:
        reached = of_students_in_reach(by, "students.view", dates[0])
        return list(_members(dates[0], Q(born_on__in=born), reached))
    compiled: Compiled[tuple[Any, ...]] = by_shape(
        ("start.birthdays", reach.shape),
        lambda: _members(Parameter("day", DAY), Q(any_of("born_on", "born")), of_students_asked(reach)),
    )
    return compiled.all(**reach.values, day=dates[0], born=born)


def _members(day: Any, born: Q, reached: Q) -> QuerySet[Any, tuple[Any, ...]]:
    birth = "student__birth_date"
    rows: QuerySet[Any] = SectionMembership.objects.on(day)
    rows = rows.alias(born_on=ExtractMonth(birth) * 100 + ExtractDay(birth))
    return rows.filter(born, reached).values_list(
        "student__sourced_id",
        "student__given_name",
        "student__family_name",
        "student__birth_date",
        "section__grade_level__name",
        "section__name",
    )


def _stands_in_for_leap_day(day: dt.date) -> bool:
    """Whether those born on 29 February celebrate on ``day``, because their own is missing this year."""
    return (day.month, day.day) == (2, 28) and (day + dt.timedelta(days=1)).month == 3


def _falls_on(born: dt.date, day: dt.date) -> bool:
    if (born.month, born.day) == (2, 29) and _stands_in_for_leap_day(day):
        return True
    return (born.month, born.day) == (day.month, day.day)
