"""The least that Django can do: a function, token check and count of requests, the same SQL by ``values()``, orjson.

No permission, no row scope, no parameters, no page, no refusals: what stands between these and our views is what they
are measured for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Concat
from django.http import HttpRequest, HttpResponse

from apps.accounts.services import authenticate_token
from apps.attendance.models import (
    AttendanceCode,
    AttendanceRecord,
    AttendanceSession,
    DailyAttendance,
    DeskEntry,
    Leave,
)
from apps.institutions.models import Section
from apps.students.models import SectionMembership, Student
from schoolops import clock

ROWS = 50


def _bare(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    def answer(request: HttpRequest, **where: Any) -> HttpResponse:
        authenticate_token(request.headers["Authorization"].partition(" ")[2])
        return HttpResponse(orjson.dumps(view(**where)), content_type="application/json")

    return answer


def _today() -> dt.date:
    return clock.today("Europe/London")


@_bare
def students() -> Any:
    """The first page of the student list, 14 fields."""
    day = _today()
    held = SectionMembership.objects.on(day).filter(student=OuterRef("pk")).order_by("-starts_on", "-id")
    return {
        "results": list(
            Student.objects.filter(merged_into__isnull=True)
            .annotate(
                section=Subquery(held.values("section__sourced_id")[:1]),
                section_name=Subquery(held.values("section__name")[:1]),
                level=Subquery(held.values("section__grade_level__name")[:1]),
            )
            .order_by("family_name", "given_name", "id")
            .values(
                "sourced_id",
                "status",
                "date_last_modified",
                "institution__sourced_id",
                "admission_number",
                "given_name",
                "middle_name",
                "family_name",
                "preferred_name",
                "birth_date",
                "sex",
                "section",
                "section_name",
                "level",
                "version",
            )[: ROWS + 1]
        )
    }


@_bare
def history(*, student: UUID) -> Any:
    """The first page of a student's history."""
    found = Student.objects.filter(sourced_id=student).values("id", "sourced_id")[0]
    return {
        "results": list(
            AttendanceRecord.objects.filter(student=found["id"])
            .order_by("-day", "-session_id")
            .annotate(letter=Coalesce("office_code__code", "teacher_code__code"))
            .values(
                "day",
                "session__sourced_id",
                "session__section__sourced_id",
                "session__course_class__sourced_id",
                "session__course_class__title",
                "session__period__sourced_id",
                "session__period__name",
                "letter",
                "state",
                "excused",
                "arrived_at",
                "left_at",
                "remark",
                "changed_at",
            )[: ROWS + 1]
        )
    }


@_bare
def absentees() -> Any:
    """The first page of a day's absentees."""
    return {
        "results": list(
            DailyAttendance.objects.filter(day=_today(), state="absent")
            .order_by("student__family_name", "student__given_name", "student_id")
            .annotate(section_title=Concat("section__grade_level__name", Value(" "), "section__name"))
            .values(
                "student__sourced_id",
                "student__given_name",
                "student__family_name",
                "student__admission_number",
                "section__sourced_id",
                "section_title",
                "institution__sourced_id",
                "day",
                "state",
                "excused",
                "minutes_missed",
            )[: ROWS + 1]
        )
    }


@_bare
def roll(*, section: UUID, day: str) -> Any:
    """A taken roll: the section, its roster and roll numbers, the records, the codes, the office's words."""
    on = dt.date.fromisoformat(day)
    group = (
        Section.objects.filter(sourced_id=section)
        .annotate(zone=F("institution__timezone"), window=F("institution__attendance_policy__edit_window_days"))
        .values("id", "sourced_id", "name", "institution_id", "year_id", "zone", "window")[0]
    )
    sheet = AttendanceSession.objects.filter(section=group["id"], day=on, period=None).values(
        "id", "sourced_id", "version", "state", "taken_at", "taken_by__sourced_id", "taken_by__given_name"
    )[0]
    names = ("given_name", "middle_name", "family_name", "preferred_name", "admission_number")
    members = dict(
        SectionMembership.objects.on(on).filter(section=group["id"]).values_list("student_id", "roll_number")
    )
    roster = list(
        Student.objects.filter(
            pk__in=SectionMembership.objects.on(on).filter(section=group["id"]).values("student")
        ).values("id", "sourced_id", *names)
    )
    records = {
        row["student_id"]: row
        for row in AttendanceRecord.objects.filter(session=sheet["id"]).values(
            "student_id", "code", "teacher_code_id", "office_code_id", "state", "excused", "arrived_at", "left_at",
            "remark", "student__sourced_id", *(f"student__{name}" for name in names),
        )
    }  # fmt: skip
    codes = {row["id"]: row for row in AttendanceCode.objects.values("id", "code", "state", "excused", "late")}
    ids = [row["id"] for row in roster]
    desk = list(DeskEntry.objects.filter(student__in=ids, day=on).values("student_id", "period_id", "code_id"))
    leave = list(
        Leave.objects.filter(student__in=ids, state="approved", starts_on__lte=on, ends_on__gte=on).values(
            "student_id", "code_id"
        )
    )
    return {
        **{name: value for name, value in sheet.items() if name != "id"},
        "desk": desk,
        "leave": leave,
        "records": [
            {
                **row,
                **records[row["id"]],
                "roll_number": members[row["id"]],
                "code": codes[records[row["id"]]["code"]]["code"],
            }
            for row in roster
        ],
    }
