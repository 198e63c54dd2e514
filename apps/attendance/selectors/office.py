"""What the office says of students on days: desk entries and approved leave, and which rolls it holds for."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import DEFAULT_DB_ALIAS
from django.db.models import F
from django.db.models.functions import JSONObject

from apps.attendance.errors import CodeRetired, CodeUnknown
from apps.attendance.models import AttendanceCode, DayState, DeskEntry, Leave
from apps.timetable.models import Period
from schoolops.tenancy.compiled import DAY, Compiled, Parameter, any_of


@dataclass(frozen=True, slots=True)
class OfficeWord:
    """One thing the office says: a code, and the times where there are any."""

    code_id: int
    arrived_at: dt.time | None = None
    left_at: dt.time | None = None

    def holds_in(self, period: Period | None) -> bool:
        """Whether a word about the whole day holds in ``period``.

        Who came at 10:15 was late in the period then; in those before and after, the teacher's mark stands.
        """
        if period is None or (self.arrived_at is None and self.left_at is None):
            return True
        return any(
            time is not None and period.starts_at <= time < period.ends_at for time in (self.arrived_at, self.left_at)
        )

    def within(self, period: Period | None) -> OfficeWord:
        """The same word with only those times that lie in ``period``."""
        if period is None:
            return self
        arrived, left = (
            time if time is not None and period.starts_at <= time < period.ends_at else None
            for time in (self.arrived_at, self.left_at)
        )
        return OfficeWord(self.code_id, arrived, left)


class OfficeBook:
    """Everything the office says of some students on some days."""

    def __init__(self) -> None:
        self._whole_day: dict[tuple[int, dt.date], OfficeWord] = {}
        self._period: dict[tuple[int, dt.date, int], OfficeWord] = {}
        self._leave: dict[int, list[tuple[dt.date, dt.date, OfficeWord]]] = defaultdict(list)

    def add_entry(self, student: int, day: dt.date, period: int | None, word: OfficeWord) -> None:
        if period is None:
            self._whole_day[student, day] = word
        else:
            self._period[student, day, period] = word

    def add_leave(self, student: int, starts_on: dt.date, ends_on: dt.date, word: OfficeWord) -> None:
        self._leave[student].append((starts_on, ends_on, word))

    def word_on(self, student: int, day: dt.date, period: Period | None) -> OfficeWord | None:
        """What counts for this roll: the desk's word on the period, else on the day, else approved leave."""
        if period is not None and (word := self._period.get((student, day, period.pk))) is not None:
            return word.within(period)
        whole = self._whole_day.get((student, day))
        if whole is not None:
            return whole.within(period) if whole.holds_in(period) else None
        for starts_on, ends_on, word in self._leave.get(student, ()):
            if starts_on <= day <= ends_on:
                return word
        return None


_FIRST, _LAST = Parameter("first", DAY), Parameter("last", DAY)
_ENTRIES: Compiled[Any] = Compiled(
    lambda: DeskEntry.objects.filter(any_of("student", "students"), day__gte=_FIRST, day__lte=_LAST).values_list(
        "student_id", "day", "period_id", "code_id", "arrived_at", "left_at"
    )
)
_LEAVES: Compiled[Any] = Compiled(
    lambda: Leave.objects.filter(
        any_of("student", "students"), state=Leave.State.APPROVED, starts_on__lte=_LAST, ends_on__gte=_FIRST
    ).values_list("student_id", "starts_on", "ends_on", "code_id")
)


def office_book(students: Collection[int], first: dt.date, last: dt.date) -> OfficeBook:
    """The desk's entries and approved leave of these students (by key), both days included, in two queries."""
    book = OfficeBook()
    asked = {"students": list(students), "first": first, "last": last}
    for student, day, period, code, arrived_at, left_at in _ENTRIES.all(**asked):
        book.add_entry(student, day, period, OfficeWord(code, arrived_at, left_at))
    for student, starts_on, ends_on, code in _LEAVES.all(**asked):
        book.add_leave(student, starts_on, ends_on, OfficeWord(code))
    return book


_CODES: Compiled[AttendanceCode] = Compiled(lambda: AttendanceCode.objects.order_by("position", "code"))


# What a code says, but for when it was written.
_SAID = [each.attname for each in AttendanceCode._meta.concrete_fields if each.attname != "date_last_modified"]


def codes_column() -> ArraySubquery:
    """All codes in order, as one column of a query."""
    return ArraySubquery(AttendanceCode.objects.values_list(JSONObject(**{name: F(name) for name in _SAID})))


def _code(said: Mapping[str, Any]) -> AttendanceCode:
    # In the order of the columns, which JSON does not keep.
    values = [UUID(said[name]) if name == "sourced_id" else said[name] for name in _SAID]
    made: AttendanceCode = AttendanceCode.from_db(DEFAULT_DB_ALIAS, _SAID, values)
    return made


class CodeBook:
    """The school's attendance codes, by letter and by key.

    Read with one query, or made of what ``codes_column`` said in another.
    """

    def __init__(self, said: Iterable[Mapping[str, Any]] | None = None) -> None:
        self.all: list[AttendanceCode] = _CODES.all() if said is None else [_code(each) for each in said]
        self.by_key: dict[int, AttendanceCode] = {code.pk: code for code in self.all}
        self.by_letter: dict[str, AttendanceCode] = {code.code: code for code in self.all}

    def default(self) -> AttendanceCode | None:
        """What a roll suggests before it is taken."""
        return next((code for code in self.all if code.default), None)

    def late(self) -> AttendanceCode | None:
        """What the desk enters for an arrival."""
        return next((code for code in self.all if code.late and not code.retired), None)

    def left_early(self) -> AttendanceCode | None:
        """What the desk enters for a departure: present, and out."""
        out = AttendanceCode.Direction.OUT
        fitting = (each for each in self.all if each.direction == out and each.state == DayState.PRESENT)
        return next((code for code in fitting if not code.retired), None)

    def excused_absence(self) -> AttendanceCode | None:
        """What leave counts as unless said."""
        fitting = (each for each in self.all if each.state == DayState.ABSENT and each.excused)
        return next((code for code in fitting if not code.retired), None)

    def chosen(self, letter: str) -> AttendanceCode:
        """The code a person of the office names. Raises ``CodeUnknown``, ``CodeRetired``."""
        code = self.by_letter.get(letter)
        if code is None:
            raise CodeUnknown(given=letter)
        if code.retired:
            raise CodeRetired(given=letter)
        return code
