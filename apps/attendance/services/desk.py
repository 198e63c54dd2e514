"""What the office enters: late arrivals, early departures, codes of its own. No teacher's resubmit ends it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.attendance import selectors
from apps.attendance.errors import (
    DeskEntryEmpty,
    DeskEntryUnknown,
    NotEnrolledThatDay,
    PeriodUnknown,
    TimesRefused,
)
from apps.attendance.models import AttendanceCode, DayState, DeskEntry
from apps.attendance.selectors import CodeBook
from apps.attendance.services.following import apply_office
from apps.institutions.models import Institution
from apps.students.models import SectionMembership, Student
from apps.timetable.models import Period
from schoolops import clock
from schoolops.audit import trail

FIELDS = ("code_id", "arrived_at", "left_at", "remark")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the desk was told. What is ``None`` stays as an earlier entry of the same day said it."""

    code: str | None = None
    arrived_at: dt.time | None = None
    left_at: dt.time | None = None
    remark: str | None = None


@transaction.atomic
def enter_at_desk(*, student: UUID, day: dt.date, entry: Entry, period: UUID | None = None, by: User) -> DeskEntry:
    """Enter what the office knows of a student on a day, or in one period of it; rolls already taken follow.

    An arrival without a code is the late code, a departure without one the code for leaving early. Entering the same
    twice changes nothing the second time.

    Raises:
        PermissionMissing, OutOfReach, NotEnrolledThatDay, YearIsClosed, PeriodUnknown, DeskEntryEmpty, CodeUnknown,
        CodeRetired, TimesRefused, AttendanceDayLocked, EditWindowOver.
    """
    access.require(by, "attendance.desk")
    if entry == Entry():
        raise DeskEntryEmpty
    who = _held(student, by, day)
    institution = _institution_on(who, day)
    at = _period(period, institution)
    known = DeskEntry.objects.filter(student=who, day=day, period=at).first()
    codes = CodeBook()
    said = _said(entry, known, codes)
    row = known or DeskEntry(student=who, institution=institution, day=day, period=at)
    before = {name: getattr(row, name) for name in FIELDS}
    if known is not None and before == said:
        return known
    for name, value in said.items():
        setattr(row, name, value)
    row.entered_by, row.entered_at = by, clock.now()
    row.save()
    trail.record(
        by,
        "attendance.entered-at-desk",
        row,
        before=None if known is None else _told(before, codes),
        after={"student": who, "day": day, **_told(said, codes)},
    )
    apply_office(students=[who.pk], first=day, last=day, by=by, codes=codes)
    return row


@transaction.atomic
def remove_from_desk(*, entry: UUID, by: User) -> Student:
    """Take back a desk entry made by mistake: the teacher's marks count again. Returns whose it was.

    Raises:
        PermissionMissing, OutOfReach, DeskEntryUnknown, AttendanceDayLocked, EditWindowOver,
        NothingLeftToCount: on some roll only the office had spoken.
    """
    access.require(by, "attendance.desk")
    row = DeskEntry.objects.select_related("student").filter(sourced_id=entry).first()
    if row is None:
        raise DeskEntryUnknown
    who = _held(row.student.sourced_id, by, row.day)
    codes = CodeBook()
    before = _told({name: getattr(row, name) for name in FIELDS}, codes)
    trail.record(by, "attendance.removed-from-desk", row, before={"student": who, "day": row.day, **before})
    row.delete()
    apply_office(students=[who.pk], first=row.day, last=row.day, by=by, codes=codes)
    return who


def _held(student: UUID, by: User, day: dt.date) -> Student:
    found = Student.objects.select_for_update(no_key=True).filter(sourced_id=student).first()
    if found is None:
        raise OutOfReach
    access.require_row(by, "attendance.desk", "student", found, day=day)
    who: Student = found
    return who


def _institution_on(student: Student, day: dt.date) -> Institution:
    membership = (
        SectionMembership.objects.on(day)
        .select_related("section__institution", "section__year")
        .filter(student=student)
        .order_by("-enrolment__primary", "id")
        .first()
    )
    if membership is None:
        raise NotEnrolledThatDay(student=student.full_name, day=day)
    selectors.must_not_be_closed(membership.section.year)
    at: Institution = membership.section.institution
    return at


def _period(wanted: UUID | None, institution: Institution) -> Period | None:
    if wanted is None:
        return None
    period: Period | None = Period.objects.filter(sourced_id=wanted, institution=institution).first()
    if period is None:
        raise PeriodUnknown
    return period


def _said(entry: Entry, known: DeskEntry | None, codes: CodeBook) -> dict[str, Any]:
    arrived_at = entry.arrived_at or (known.arrived_at if known else None)
    left_at = entry.left_at or (known.left_at if known else None)
    code = _code(entry, known, codes)
    absent = code.state == DayState.ABSENT
    if absent and entry.arrived_at is None and entry.left_at is None:
        # “Sick” after “came late”: the times of the earlier entry are over.
        arrived_at = left_at = None
    if (absent and (arrived_at or left_at)) or (arrived_at and left_at and left_at <= arrived_at):
        raise TimesRefused
    remark = entry.remark if entry.remark is not None else known.remark if known else ""
    return {"code_id": code.pk, "arrived_at": arrived_at, "left_at": left_at, "remark": remark}


def _code(entry: Entry, known: DeskEntry | None, codes: CodeBook) -> AttendanceCode:
    if entry.code is not None:
        return codes.chosen(entry.code)
    code = codes.by_key[known.code_id] if known is not None else None
    if entry.arrived_at is not None and (code is None or not code.late):
        # Who comes after all is no longer sick.
        code = codes.late()
    elif entry.left_at is not None and (code is None or code.state == DayState.ABSENT):
        code = codes.left_early()
    if code is None:
        raise DeskEntryEmpty
    return code


def _told(said: dict[str, Any], codes: CodeBook) -> dict[str, Any]:
    """A desk entry as the trail keeps it."""
    return {"code": codes.by_key[said["code_id"]].code, **{name: said[name] for name in FIELDS[1:]}}
