"""Rolls for tests: whole ones, with a few students marked otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.models import AttendanceRecord, AttendanceSession
from apps.attendance.selectors import SessionKey
from apps.attendance.services import Mark
from apps.institutions.models import CourseClass, Section
from apps.students.models import Student
from apps.timetable.models import Period
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.rosters import class_roster, roster


def key_of(group: Section | CourseClass, day: dt.date = SCHOOL_DAY, period: Period | None = None) -> SessionKey:
    """The key of a section's or class's roll."""
    return SessionKey(
        day=day,
        section=group.sourced_id if isinstance(group, Section) else None,
        course_class=group.sourced_id if isinstance(group, CourseClass) else None,
        period=period.sourced_id if period else None,
    )


def marks(
    group: Section | CourseClass, codes: Mapping[Student, str] | None = None, *, day: dt.date = SCHOOL_DAY
) -> list[Mark]:
    """Everybody on the roll is present, but for ``codes``."""
    other = {student.pk: code for student, code in (codes or {}).items()}
    listed = roster(group, day) if isinstance(group, Section) else class_roster(group, day)
    return [Mark(each.sourced_id, other.get(each.pk, "P")) for each in listed]


def take(
    group: Section | CourseClass,
    codes: Mapping[Student, str] | None = None,
    *,
    by: User,
    day: dt.date = SCHOOL_DAY,
    period: Period | None = None,
    version: int | None = None,
) -> AttendanceSession:
    """Take (or, with a version, correct) a roll."""
    return services.mark_attendance(
        session=key_of(group, day, period), marks=marks(group, codes, day=day), expected_version=version, by=by
    )


def some_periods(campus: Campus, count: int = 3) -> list[Period]:
    """Periods of three quarters of an hour, on the hour from eight."""
    return Period.objects.bulk_create(
        Period(
            institution=campus.institution,
            name=f"Period {number}",
            position=number,
            starts_at=dt.time(7 + number),
            ends_at=dt.time(7 + number, 45),
        )
        for number in range(1, count + 1)
    )


def said_of(student: Student, sheet: AttendanceSession) -> AttendanceRecord:
    """The record of ``student`` in a roll."""
    record: AttendanceRecord = AttendanceRecord.objects.select_related("teacher_code", "office_code").get(
        student=student, session=sheet
    )
    return record
