"""Attendance as lists: a student's history, the absentees of a day, a roll's history, the desk, leave.

Each is a queryset of the rows that ``by`` reaches; the view chooses columns, order and page.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.attendance.errors import RollUnknown
from apps.attendance.models import (
    AttendanceChange,
    AttendanceCode,
    AttendancePolicy,
    AttendanceRecord,
    AttendanceSession,
    DailyAttendance,
    DayState,
    DeskEntry,
    Leave,
)
from apps.attendance.selectors.places import place_of_roll
from apps.institutions.models import Institution
from apps.students.models import FamilyItem, Student
from apps.students.selectors import expect_open, of_students_in_reach
from schoolops.tenancy.compiled import PUBLIC_ID, Compiled, Parameter


def student_in_reach(student: UUID, *, by: User, permission: str = "attendance.view") -> Student:
    """The student, when ``by`` reaches them today. Raises ``PermissionMissing``, ``OutOfReach``."""
    access.require(by, permission)
    found = _STUDENT.first(student=student)
    if found is None or not access_rows.keys_in_reach(
        by, permission, "student", Student, [found.pk], day=access.today(by)
    ):
        raise OutOfReach
    expect_open(found, FamilyItem.LEAVE if permission == "leave.request" else FamilyItem.ATTENDANCE, by=by)
    return found


_STUDENT: Compiled[Student] = Compiled(
    lambda: Student.objects.filter(sourced_id=Parameter("student", PUBLIC_ID)).only("id", "sourced_id")
)


def history_of(student: UUID, *, by: User) -> QuerySet[AttendanceRecord]:
    """Every record of a student and of those merged into it. Raises ``PermissionMissing``, ``OutOfReach``."""
    return records_of(student_in_reach(student, by=by).pk)


def records_of(child: Any) -> QuerySet[AttendanceRecord]:
    """The same of a student by key, or of the parameter that says it; who asks reaches them."""
    records: QuerySet[AttendanceRecord] = AttendanceRecord.objects.filter(
        Q(student=child) | Q(student__merged_into=child)
    )
    return records


def absentees(day: dt.date, *, by: User) -> QuerySet[DailyAttendance]:
    """The days of students that count as absent on ``day``."""
    return absent_on(day, of_students_in_reach(by, "attendance.view", day))


def absent_on(day: Any, reached: Q) -> QuerySet[DailyAttendance]:
    """The same on a day, or on the parameter that says it, of the students ``reached``."""
    return DailyAttendance.objects.filter(reached, day=day, state=DayState.ABSENT)


def absences(first: dt.date, last: dt.date, *, by: User) -> QuerySet[DailyAttendance]:
    """The days from ``first`` to ``last``, both included, that students in reach today missed whole or by half.

    Raises:
        PermissionMissing.
    """
    reached = of_students_in_reach(by, "attendance.view", access.today(by))
    return DailyAttendance.objects.filter(
        reached, day__gte=first, day__lte=last, state__in=(DayState.ABSENT, DayState.HALF)
    )


def changes_of(roll: UUID, *, by: User) -> QuerySet[AttendanceChange]:
    """The history of one roll, as far as its students are in reach. Raises ``OutOfReach``, ``RollUnknown``."""
    access.require(by, "attendance.view")
    sheet = AttendanceSession.objects.filter(sourced_id=roll).first()
    if sheet is None:
        raise RollUnknown
    place = place_of_roll(sheet)
    access.require_row(by, "attendance.view", place.kind, place.group, day=place.day)
    return AttendanceChange.objects.filter(of_students_in_reach(by, "attendance.view", place.day), session=sheet)


@dataclass(frozen=True, slots=True)
class ChangedMark:
    """What a mark said before somebody changed it, and since: names of codes, empty for none."""

    student: str
    roll: str
    day: dt.date
    before: str
    after: str
    by: str
    at: dt.datetime


def changed_marks(changes: QuerySet[AttendanceChange], *, most: int) -> list[ChangedMark]:
    """Those of ``changes`` that changed a mark that was there, the latest first. Two queries."""
    rows = changes.exclude(before=None).select_related(
        "student", "by", "session__section__grade_level", "session__course_class", "session__period"
    )
    names = dict(AttendanceCode.objects.values_list("code", "name"))

    def said(mark: Any) -> str:
        letter = (mark or {}).get("code") or ""
        return names.get(letter, letter)

    return [
        ChangedMark(
            student=each.student.full_name,
            roll=str(each.session.course_class or each.session.section or ""),
            day=each.day,
            before=said(each.before),
            after=said(each.after),
            by=str(each.by or ""),
            at=each.at,
        )
        for each in rows.order_by("-id")[:most]
    ]


def desk_entries(day: dt.date, *, by: User) -> QuerySet[DeskEntry]:
    """What the desk was told about ``day``."""
    return DeskEntry.objects.filter(of_students_in_reach(by, "attendance.desk", day), day=day)


def leaves(*, by: User) -> QuerySet[Leave]:
    """Leave of the students in reach, asked for, decided or taken back."""
    return Leave.objects.filter(of_students_in_reach(by, "leave.request", access.today(by)))


def months_of(student: UUID, *, by: User, since: dt.date | None, until: dt.date | None) -> list[dict[str, Any]]:
    """A student's days counted by month, oldest first; both ends included. Two queries for any length.

    Raises:
        PermissionMissing, OutOfReach.
    """
    days = DailyAttendance.objects.filter(student=student_in_reach(student, by=by))
    if since is not None:
        days = days.filter(day__gte=since)
    if until is not None:
        days = days.filter(day__lte=until)
    rows = days.annotate(month=TruncMonth("day")).values("month").annotate(**COUNTED, minutes_missed=MINUTES)
    return [{**row, "month": f"{row['month']:%Y-%m}"} for row in rows.order_by("month")]


MINUTES = Sum("minutes_missed")
COUNTED = {
    "days": Count("id"),
    "present": Count("id", filter=Q(state=DayState.PRESENT)),
    "half": Count("id", filter=Q(state=DayState.HALF)),
    "absent": Count("id", filter=Q(state=DayState.ABSENT)),
    "excused": Count("id", filter=Q(excused=True) & ~Q(state=DayState.PRESENT)),
    "late": Count("id", filter=Q(late=True)),
}


def policies(*, by: User) -> list[dict[str, Any]]:
    """Each campus's rules; those that set none have the defaults and version 0. One query."""
    access.require(by, "attendance.view")
    names = [field.name for field in AttendancePolicy._meta.fields if field.name not in {"id", "institution"}]
    usual = AttendancePolicy(version=0)
    rows = Institution.objects.order_by("name", "id").values(
        "sourced_id", "name", **{f"rule_{name}": F(f"attendance_policy__{name}") for name in names}
    )
    found = []
    for row in rows:
        rules = {name: getattr(usual, name) if row["rule_version"] is None else row[f"rule_{name}"] for name in names}
        notes = _what_the_rules_lead_to(rules)
        found.append({"institution_id": row["sourced_id"], "institution": row["name"], **rules, "notes": notes})
    return found


def _what_the_rules_lead_to(rules: dict[str, Any]) -> list[str]:
    """What nobody would expect of these rules, in sentences."""
    # A day that both kinds of rolls cover is missed by half at least where the daily roll says absent.
    if not (rules["daily_rolls"] and rules["period_rolls"]) or rules["half_from_share"] <= Decimal("0.5"):
        return []
    missed = f"half a day begins with {rules['half_from_share']} of the marked minutes."
    return [f"A child marked absent in the daily roll may count as present where period rolls say present: {missed}"]
