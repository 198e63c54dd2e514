"""The late desk: finding a student by any part of their name or number, and what was entered for a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from apps.accounts.models import User
from apps.attendance import selectors as attendance
from apps.attendance.models import AttendanceCode
from apps.students.models import SectionMembership, Student
from apps.students.selectors import matching, of_students_in_reach

FOUND = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A student who is on a roll that day."""

    id: UUID
    name: str
    admission_number: str
    section: str


def on_a_roll(words: str, day: dt.date, *, by: User) -> list[Found]:
    """Students on a roll on ``day`` whose name or number holds every word. One query.

    Raises:
        PermissionMissing.
    """
    return _members(Q(student__in=_matching(words)), day, by=by)


def picked(student: UUID, day: dt.date, *, by: User) -> Found | None:
    """One of them, by id."""
    return next(iter(_members(Q(student__sourced_id=student), day, by=by)), None)


def _matching(words: str) -> Any:
    return Student.objects.kept().filter(matching(words)).values("pk")


def _members(wanted: Q, day: dt.date, *, by: User) -> list[Found]:
    rows = SectionMembership.objects.on(day).filter(wanted, of_students_in_reach(by, "attendance.desk", day))
    found = rows.order_by("student__name_key", "student_id").values_list(
        "student__sourced_id",
        "student__given_name",
        "student__middle_name",
        "student__family_name",
        "student__admission_number",
        "section__grade_level__name",
        "section__name",
    )[:FOUND]
    return [
        Found(key, " ".join(filter(None, (given, middle, family))), number, f"{level} {section}")
        for key, given, middle, family, number, level, section in found
    ]


def entries(day: dt.date, *, by: User) -> list[dict[str, Any]]:
    """What the desk was told about ``day``, newest first. One query. Raises ``PermissionMissing``."""
    rows = attendance.desk_entries(day, by=by).select_related("student", "code", "period", "entered_by")
    return [
        {
            "id": row.sourced_id,
            "student_id": row.student.sourced_id,
            "name": row.student.full_name,
            "admission_number": row.student.admission_number,
            "code": row.code,
            "period": row.period.name if row.period else "",
            "arrived_at": row.arrived_at,
            "left_at": row.left_at,
            "remark": row.remark,
            "entered_by": str(row.entered_by) if row.entered_by else "",
            "entered_at": row.entered_at,
        }
        for row in rows.order_by("-entered_at", "-pk")
    ]


def codes_of_the_desk() -> list[AttendanceCode]:
    """The codes that are in use, the office's own first."""
    return list(AttendanceCode.objects.filter(retired=False).order_by("teacher_selectable", "position", "code"))
