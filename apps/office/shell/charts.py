"""Charts as SVG: plain figures in, coordinates out. The templates draw them, and say the same in words beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from apps.attendance.models import DailyAttendance, DayState
from apps.institutions.models import AcademicYear, CalendarDay
from apps.office.shell.days import said
from apps.students.models import Enrolment

BAR, GAP, HEIGHT = 44, 14, 120


@dataclass(frozen=True, slots=True)
class DayShare:
    """One day's students by what counted."""

    day: dt.date
    present: int
    half: int
    absent: int

    @property
    def recorded(self) -> int:
        return self.present + self.half + self.absent

    @property
    def percent(self) -> int:
        """The share of those present, half a day as a half, rounded down: 99.9 % is not everybody."""
        return (2 * self.present + self.half) * 50 // self.recorded if self.recorded else 0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, from the top left corner of the picture."""

    x: int
    y: int
    height: int
    share: DayShare


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart ``width`` × ``height`` (without its labels)."""

    bars: list[Bar]
    width: int
    height: int = HEIGHT
    bar: int = BAR


def bars_of(shares: Sequence[DayShare], *, rtl: bool = False) -> Bars:
    """Shares of those present as bars, the latest at the end of the line of reading."""
    bars = []
    for number, share in enumerate(reversed(shares) if rtl else shares):
        height = max(2, share.percent * HEIGHT // 100)
        bars.append(Bar(number * (BAR + GAP), HEIGHT - height, height, share))
    return Bars(bars, max(1, len(bars) * (BAR + GAP) - GAP))


def bars_drawn(chart: Bars) -> SafeString:
    """The bars as SVG, each with its percent above and its day beneath."""
    return SafeString(
        "".join(
            f'<rect class="bar" x="{bar.x}" y="{bar.y}" width="{chart.bar}" height="{bar.height}" rx="3"></rect>'
            f'<text x="{bar.x + BAR // 2}" y="{bar.y - 4}">{bar.share.percent}</text>'
            f'<text x="{bar.x + BAR // 2}" y="{chart.height + 16}">{escape(said(bar.share.day, "D j"))}</text>'
            for bar in chart.bars
        )
    )


def as_rows(shares: Sequence[DayShare]) -> SafeString:
    """The same as rows of a table."""
    return SafeString(
        "".join(
            f'<tr><th scope="row">{escape(said(share.day, "D j M"))}</th><td>{share.present}</td>'
            f"<td>{share.half}</td><td>{share.absent}</td><td>{share.percent}</td></tr>"
            for share in shares
        )
    )


@dataclass(frozen=True, slots=True)
class Square:
    """A day of the year's picture. ``kind``: present, late, half, absent, excused, closed; empty: nothing is known."""

    x: int
    y: int
    day: dt.date
    kind: str

    @property
    def sign(self) -> str:
        """A letter on what is not simply present: colour alone tells not everybody."""
        return SIGNS.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class MonthName:
    """Where a month begins in the year's picture."""

    x: int
    day: dt.date


@dataclass(frozen=True, slots=True)
class YearPicture:
    """Weeks as columns, weekdays as rows."""

    squares: list[Square]
    months: list[MonthName]
    width: int
    height: int


SQUARE = 13
TOP = 16
SIGNS = {"late": "L", "half": "½", "absent": "A", "excused": "E"}


def kind_of(row: DailyAttendance) -> str:
    """How a recorded day is drawn."""
    if row.state == DayState.PRESENT:
        return "late" if row.late else "present"
    return "excused" if row.excused else str(row.state)


def legend() -> list[tuple[str, str, str]]:
    """Kind, sign and words of a recorded day."""
    return [
        ("present", "•", _("present")),
        ("late", "L", _("late")),
        ("half", "½", _("half a day")),
        ("absent", "A", _("absent")),
        ("excused", "E", _("excused")),
    ]


def year_picture(
    year: AcademicYear,
    days: Mapping[dt.date, DailyAttendance],
    calendar: Mapping[dt.date, CalendarDay],
    *,
    weekend: Sequence[int],
    rtl: bool = False,
) -> YearPicture:
    """A student's year: a square for each day."""
    monday = year.starts_on - dt.timedelta(days=year.starts_on.weekday())
    weeks = (year.ends_on - monday).days // 7 + 1
    squares, months = [], []
    for ahead in range((year.ends_on - year.starts_on).days + 1):
        day = year.starts_on + dt.timedelta(days=ahead)
        week = (day - monday).days // 7
        x = (weeks - 1 - week if rtl else week) * SQUARE
        if day.day == 1 or not ahead:
            months.append(MonthName(x, day))
        squares.append(Square(x, TOP + day.weekday() * SQUARE, day, _kind(day, days, calendar, weekend)))
    return YearPicture(squares, months, weeks * SQUARE, TOP + 7 * SQUARE)


def squares_of(picture: YearPicture) -> SafeString:
    """The squares as SVG. By string formatting: a template takes 200 function calls for each of 320 days."""
    months: dict[int, str] = {}
    lines = []
    for square in picture.squares:
        day, x, y = square.day, square.x, square.y
        month = months.get(day.month) or months.setdefault(day.month, escape(date_format(day, "M")))
        lines.append(f'<rect class="{square.kind}" x="{x}" y="{y}"><title>{day.day} {month}</title></rect>')
        if square.sign:
            lines.append(f'<text class="sign" x="{x + 5}" y="{y + 9}" aria-hidden="true">{escape(square.sign)}</text>')
    return mark_safe("".join(lines))  # noqa: S308 - numbers, and words of ours


def _kind(
    day: dt.date,
    days: Mapping[dt.date, DailyAttendance],
    calendar: Mapping[dt.date, CalendarDay],
    weekend: Sequence[int],
) -> str:
    if (row := days.get(day)) is not None:
        return kind_of(row)
    special = calendar.get(day)
    if special is not None and special.kind in (CalendarDay.Kind.HOLIDAY, CalendarDay.Kind.CLOSURE):
        return "closed"
    return "closed" if special is None and day.isoweekday() in weekend else "empty"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A bar of the enrolment line: ``row`` 0 is the enrolment, 1 the sections in it. Thousandths of the width."""

    start: int
    length: int
    row: int
    label: str

    @property
    def begins(self) -> str:
        """Where it begins, as CSS says it."""
        return f"{self.start // 10}.{self.start % 10}%"

    @property
    def size(self) -> str:
        """How long it is, as CSS says it."""
        return f"{self.length // 10}.{self.length % 10}%"


def enrolment_line(enrolments: Sequence[Enrolment], *, today: dt.date) -> list[Stretch]:
    """Enrolments and sections from the first day to today, to scale."""
    if not enrolments:
        return []
    first = min(enrolment.entered_on for enrolment in enrolments)
    last = max(
        [today, *(enrolment.until for enrolment in enrolments if enrolment.exited_on or enrolment.entered_on > today)]
    )
    whole = max(1, (last - first).days)

    def stretch(starts: dt.date, ends: dt.date, row: int, label: str) -> Stretch:
        start = max(0, (starts - first).days * 1000 // whole)
        end = min(1000, (ends - first).days * 1000 // whole)
        return Stretch(start, max(4, end - start), row, label)

    drawn = []
    for enrolment in enrolments:
        drawn.append(
            stretch(enrolment.entered_on, enrolment.until, 0, f"{enrolment.year.name} {enrolment.grade_level.name}")
        )
        drawn += [stretch(m.starts_on, m.until, 1, m.section.name) for m in enrolment.memberships.all()]
    return drawn
