"""Attendance as lists: a student's history, the absentees of a day, a roll's history, the desk, leave.

Each is a queryset of the rows that ``by`` reaches; the view chooses columns, order and page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Concat, TruncMonth

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
from apps.students.selectors import expect_open, of_students_asked, of_students_in_reach, of_students_shown
from schoolops.tenancy.compiled import KEY, PUBLIC_ID, Compiled, Parameter, by_shape


def student_in_reach(student: UUID, *, by: User, permission: str = "attendance.view") -> Student:
    """The student, when ``by`` reaches them today. Raises ``PermissionMissing``, ``OutOfReach``."""
    access.require(by, permission)
    found = _STUDENT.first(student=student)
    if found is None or not access_rows.keys_in_reach(
        by, permission, "student", Student, [found.pk], day=access.today(by)
    ):
        raise OutOfReach
    item = FamilyItem.LEAVE if permission == "leave.request" else FamilyItem.ATTENDANCE
    expect_open(found, item, permission=permission, by=by)
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
    shown = of_students_shown(by, FamilyItem.ATTENDANCE, "attendance.view")
    return absent_on(day, of_students_in_reach(by, "attendance.view", day)).filter(shown)


def absent_on(day: Any, reached: Q) -> QuerySet[DailyAttendance]:
    """The same on a day, or on the parameter that says it, of the students ``reached``."""
    return DailyAttendance.objects.filter(reached, day=day, state=DayState.ABSENT)


def absences(first: dt.date, last: dt.date, *, by: User) -> QuerySet[DailyAttendance]:
    """The days from ``first`` to ``last``, both included, that students in reach today missed whole or by half.

    Raises:
        PermissionMissing.
    """
    reached = of_students_in_reach(by, "attendance.view", access.today(by))
    shown = of_students_shown(by, FamilyItem.ATTENDANCE, "attendance.view")
    return DailyAttendance.objects.filter(
        reached, shown, day__gte=first, day__lte=last, state__in=(DayState.ABSENT, DayState.HALF)
    )


def changes_of(roll: UUID, *, by: User) -> QuerySet[AttendanceChange]:
    """The history of one roll, as far as its students are in reach. Raises ``OutOfReach``, ``RollUnknown``."""
    access.require(by, "attendance.view")
    sheet = AttendanceSession.objects.filter(sourced_id=roll).first()
    if sheet is None:
        raise RollUnknown
    place = place_of_roll(sheet)
    access.require_row(by, "attendance.view", place.kind, place.group, day=place.day)
    shown = of_students_shown(by, FamilyItem.ATTENDANCE, "attendance.view")
    return AttendanceChange.objects.filter(of_students_in_reach(by, "attendance.view", place.day), shown, session=sheet)


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


def marks_changed_in(roll: UUID, *, by: User, day: dt.date) -> list[ChangedMark]:
    """Who changed marks of a roll of ``day``, which ``by`` reaches, as far as they reach its students, latest first."""
    reach = access_rows.asked_reach(by, "attendance.view", "student", day=day)
    shown = of_students_shown(by, FamilyItem.ATTENDANCE, "attendance.view")
    of_roll = Q(session__sourced_id=Parameter("roll", PUBLIC_ID))
    if reach is None or shown:
        of_roll = Q(shown, session__sourced_id=roll)
        return _as_said(_changed(of_roll & of_students_in_reach(by, "attendance.view", day), most=50))
    asked = by_shape(
        ("attendance.marks-changed", reach.shape),
        lambda: _changed(of_roll & of_students_asked(reach), most=50),
    )
    return _as_said(asked.all(roll=roll, **reach.values))


def marks_changed_of(student: int) -> list[ChangedMark]:
    """Who changed marks of a student (by key), whom who asks reaches; the latest first."""
    return _as_said(_CHANGED_OF_STUDENT.all(student=student))


def _changed(whose: Q, *, most: int) -> QuerySet[Any, Any]:
    """Changes of marks that were there, with what else their sentence needs, as one statement."""
    rows = AttendanceChange.objects.filter(whose, before__isnull=False)
    rows = rows.annotate(was=KT("before__code"), became=KT("after__code"))
    names = AttendanceCode.objects.values("name")
    return rows.order_by("-id").values_list(
        "student__given_name", "student__middle_name", "student__family_name",
        Coalesce(
            "session__course_class__title",
            Concat("session__section__grade_level__name", Value(" "), "session__section__name"),
        ),
        "day", "at",
        Coalesce(Subquery(names.filter(code=OuterRef("was"))), "was", Value(""), output_field=TextField()),
        Coalesce(Subquery(names.filter(code=OuterRef("became"))), "became", Value(""), output_field=TextField()),
        "by__given_name", "by__family_name", "by__username",
    )[:most]  # fmt: skip


def _as_said(rows: Iterable[tuple[Any, ...]]) -> list[ChangedMark]:
    return [
        ChangedMark(
            student=" ".join(filter(None, (given, middle, family))),
            roll=roll or "",
            day=day,
            before=before,
            after=after,
            by=" ".join(filter(None, (first, last))) or login or "",
            at=at,
        )
        for given, middle, family, roll, day, at, before, after, first, last, login in rows
    ]


_CHANGED_OF_STUDENT: Compiled[Any] = Compiled(lambda: _changed(Q(student=Parameter("student", KEY)), most=20))


def desk_entries(day: dt.date, *, by: User) -> QuerySet[DeskEntry]:
    """What the desk was told about ``day``."""
    return DeskEntry.objects.filter(of_students_in_reach(by, "attendance.desk", day), day=day)


def leaves(*, by: User, permissions: Sequence[str]) -> QuerySet[Leave]:
    """Leave of the students in reach by any of these permissions, asked for, decided or taken back."""
    day = access.today(by)

    def rows(permission: str) -> Q:
        return of_students_in_reach(by, permission, day) & of_students_shown(by, FamilyItem.LEAVE, permission)

    return Leave.objects.filter(access.by_any(by, permissions, rows))


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


def policies(*, by: User, permission: str = "attendance.view") -> list[dict[str, Any]]:
    """Each campus's rules; those that set none have the defaults and version 0. One query."""
    access.require(by, permission)
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
