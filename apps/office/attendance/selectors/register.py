"""A section's register to read: its students beside the days of a month, and what each day was."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.access.selectors import keys_in_reach
from apps.accounts.models import User
from apps.attendance.models import DailyAttendance
from apps.institutions.models import Section
from apps.institutions.selectors import closed_days
from apps.students.models import SectionMembership


@dataclass(slots=True)
class RegisterLine:
    """One student's month."""

    student_id: UUID
    name: str
    roll_number: int | None
    spans: list[tuple[dt.date, dt.date]]
    days: dict[dt.date, DailyAttendance] = field(default_factory=dict)

    def belongs_on(self, day: dt.date) -> bool:
        """Whether the student was in the section on ``day``."""
        return any(starts <= day < ends for starts, ends in self.spans)


@dataclass(frozen=True, slots=True)
class Register:
    """``closed``: why there was no school, by day: the calendar's word, or "weekend"."""

    section: Section
    days: list[dt.date]
    lines: list[RegisterLine]
    closed: dict[dt.date, str]


def register_of(section: UUID, month: dt.date, *, by: User) -> Register:
    """The month that contains ``month``, for who works with the section. Five queries at most, whoever is in it.

    Raises:
        PermissionMissing, OutOfReach.
    """
    first = month.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    found = _section(section, by)
    access.require_row(by, "attendance.view", "section", found, day=access.today(by), at_work=True)
    lines = _lines(found, first, last)
    rows = DailyAttendance.objects.filter(student__in=list(lines), day__range=(first, last))
    for row in rows:
        if lines[row.student_id].belongs_on(row.day):
            lines[row.student_id].days[row.day] = row
    days = [first + dt.timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    return Register(found, days, list(lines.values()), closed_days(found.institution, days))


def has_register(section: Section | None, *, by: User) -> bool:
    """Whether ``by`` may read the register: a roll is shown to a family too, with their own children on it."""
    if section is None or not access.is_family(by):
        return section is not None
    reach = (Section, [section.pk])
    return bool(keys_in_reach(by, "attendance.view", "section", *reach, day=access.today(by), at_work=True))


def _section(section: UUID, by: User) -> Section:
    access.require(by, "attendance.view")
    found: Section | None = (
        Section.objects.filter(sourced_id=section).select_related("grade_level", "institution", "year").first()
    )
    if found is None:
        raise OutOfReach
    return found


def _lines(section: Section, first: dt.date, last: dt.date) -> dict[int, RegisterLine]:
    rows: Any = (
        SectionMembership.objects.filter(section=section, starts_on__lte=last, student__merged_into=None)
        .exclude(ends_on__lte=first)
        .select_related("student")
        .order_by(F("roll_number").asc(nulls_last=True), "student__name_key", "student_id")
    )
    lines: dict[int, RegisterLine] = {}
    for row in rows:
        line = lines.setdefault(
            row.student_id, RegisterLine(row.student.sourced_id, row.student.full_name, row.roll_number, [])
        )
        line.spans.append((row.starts_on, row.ends_on or section.year.over_on))
    return lines
