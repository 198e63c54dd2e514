"""A section's week of daily rolls: its students, and what each day says of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast
from uuid import UUID

from django.db.models import Case, F, Model, Q, Value, When

from apps.access import selectors as holders
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.attendance.models import AttendanceRecord, AttendanceSession
from apps.attendance.selectors.office import CodeBook, office_book
from apps.attendance.selectors.places import Place, SessionKey, place_of
from apps.attendance.selectors.rolls import NAMES, by_name, heading, is_taken, suggested, taken
from apps.institutions.models import Section
from apps.institutions.selectors import closed_days, week_around
from apps.students.models import FamilyItem, SectionMembership, Student
from apps.students.selectors import keys_shown
from schoolops.tenancy.compiled import DAY, KEY, Compiled, Parameter, any_of

_OF_STUDENT = {"public_id": F("student__sourced_id"), **{name: F(f"student__{name}") for name in NAMES}}
Standing = Literal["open", "locked", "to-read", "closed", "future", "outside", "out-of-reach"]


@dataclass(slots=True)
class WeekDay:
    """One day. ``marks``: public id of a student on the roll → what ``roll()`` says of them.

    ``standing`` says whether the day can be marked by who asks; ``why``, why there is no school, where there is none.
    """

    day: dt.date
    standing: Standing
    why: str = ""
    roll: dict[str, Any] = field(default_factory=dict)
    marks: dict[UUID, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Week:
    """``students``: everybody who is in the section on some day of it, by roll number."""

    section: Section
    days: list[WeekDay]
    students: list[dict[str, Any]]
    codes: CodeBook


def week(section: UUID, day: dt.date, *, by: User) -> Week:
    """The week that holds ``day``, without its weekend; a weekend with school stays. The same number of queries always.

    Raises:
        PermissionMissing. OutOfReach: no such section, or ``by`` sees its roll on none of these days.
    """
    access.require(by, "attendance.view")
    place = place_of(SessionKey(day, section=section))
    around = week_around(day, place.institution.weekend)
    closed = closed_days(place.institution, around)
    days = [each for each in around if closed.get(each) != "weekend"]
    here = [place.group.pk]
    seen = days_in_reach(by, "attendance.view", "section", Section, here, days)
    if not any(seen.values()):
        raise OutOfReach
    marked = {}
    if "attendance.mark" in holders.permissions_of(by):
        marked = days_in_reach(by, "attendance.mark", "section", Section, here, days)
    book = _Book(place, days, by)
    found = []
    for each in days:
        of_day = replace(place, day=each)
        standing = _standing(of_day, closed, seen=bool(seen[each]))
        if standing != "open":
            found.append(WeekDay(each, standing, closed.get(each, "")))
            continue
        roll = book.heading(of_day)
        if roll["state"] == AttendanceSession.State.LOCKED:
            standing = "locked"
        elif not marked.get(each):
            standing = "to-read"
        found.append(WeekDay(each, standing, roll=roll, marks=book.marks(of_day)))
    shown = {student for each in found for student in each.marks}
    students = [each for each in book.students() if each["student_id"] in shown]
    return Week(cast(Section, place.group), found, students, book.codes)


def _standing(place: Place, closed: dict[dt.date, str], *, seen: bool) -> Standing:
    if not seen:
        return "out-of-reach"
    if not place.year.contains(place.day):
        return "outside"
    if place.day in closed:
        return "closed"
    return "future" if place.day > place.today else "open"


def days_in_reach(
    by: User,
    permission: str,
    kind: Literal["section", "student"],
    model: type[Model],
    keys: Collection[int],
    days: Sequence[dt.date],
) -> dict[dt.date, set[int]]:
    """Day → those ``keys`` of ``model`` over which ``by`` holds ``permission`` then.

    One query, however many there are; none for who holds it over the whole school. Raises ``PermissionMissing``.
    """
    reach = {day: access.within_reach(by, permission, kind, day=day) for day in days}
    if all(q == Q() for q in reach.values()):
        return {day: set(keys) for day in days}
    then = {
        f"day_{n}": Value(True) if q == Q() else Case(When(q, then=Value(True)), default=Value(False))  # noqa: FBT003 - SQL's
        for n, q in enumerate(reach.values())
    }
    rows = model._default_manager.filter(pk__in=keys).annotate(**then)
    found = list(rows.values_list("pk", *then))
    return {day: {row[0] for row in found if row[n]} for n, day in enumerate(days, start=1)}


_FIRST, _LAST = Parameter("first", DAY), Parameter("last", DAY)
_MEMBERS: Compiled[dict[str, Any]] = Compiled(
    lambda: (
        SectionMembership.objects.filter(section=Parameter("section", KEY), starts_on__lte=_LAST)
        .exclude(ends_on__lte=_FIRST)
        .values("student_id", "starts_on", "ends_on", "roll_number", **_OF_STUDENT)
    )
)
_SHEETS: Compiled[AttendanceSession] = Compiled(
    lambda: AttendanceSession.objects.filter(
        section=Parameter("section", KEY), period=None, day__gte=_FIRST, day__lte=_LAST
    ).select_related("taken_by")
)
_RECORDS: Compiled[Any] = Compiled(
    lambda: AttendanceRecord.objects.filter(any_of("session", "sessions"), any_of("student", "students")).values_list(
        "student_id", "day", "code", "teacher_code_id", "office_code_id", "state", "excused", "arrived_at", "left_at",
        "remark", named=True,
    )
)  # fmt: skip


class _Book:
    """What the database says of these days, read at once."""

    def __init__(self, place: Place, days: Sequence[dt.date], by: User) -> None:
        first, last = days[0], days[-1]
        self.codes = place.codes or CodeBook()
        self._members = _MEMBERS.all(section=place.group.pk, first=first, last=last)
        keys = {row["student_id"] for row in self._members}
        shown = keys_shown(by, FamilyItem.ATTENDANCE, "attendance.view", keys)
        self._reached = days_in_reach(by, "attendance.view", "student", Student, shown, days)
        self._sheets = {sheet.day: sheet for sheet in _SHEETS.all(section=place.group.pk, first=first, last=last)}
        self._said = self._records(keys)
        self._office = office_book(keys, first, last)

    def _records(self, students: Collection[int]) -> dict[tuple[dt.date, int], Any]:
        sessions = [sheet.pk for sheet in self._sheets.values()]
        rows = _RECORDS.all(sessions=sessions, students=list(students))
        return {(row.day, row.student_id): row for row in rows}

    def heading(self, place: Place) -> dict[str, Any]:
        return heading(place, self._sheets.get(place.day))

    def marks(self, place: Place) -> dict[UUID, dict[str, Any]]:
        sheet = self._sheets.get(place.day)
        was_taken = is_taken(sheet)
        shown = {}
        for row in self._members:
            key = row["student_id"]
            if not row["starts_on"] <= place.day < (row["ends_on"] or place.year.over_on):
                continue
            if key not in self._reached[place.day]:
                continue
            said = self._said.get((place.day, key))
            word = self._office.word_on(key, place.day, None)
            shown[row["public_id"]] = taken(said, self.codes) if said else suggested(word, self.codes, taken=was_taken)
        return shown

    def students(self) -> list[dict[str, Any]]:
        once = {
            row["public_id"]: {
                "student_id": row["public_id"],
                **{name: row[name] for name in ("roll_number", *NAMES)},
            }
            for row in sorted(self._members, key=lambda row: row["starts_on"])
        }
        return sorted(once.values(), key=by_name)
