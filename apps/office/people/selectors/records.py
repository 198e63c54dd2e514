"""A student's page: who they are, their family, where they were enrolled, their year of attendance, their trail."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.attendance.models import DailyAttendance, Leave
from apps.attendance.selectors import marks_changed_of
from apps.attendance.selectors.lists import ChangedMark
from apps.institutions.models import AcademicYear, CalendarDay, Section
from apps.students.models import Enrolment, FamilyItem, SectionMembership, Student, StudentGuardian
from apps.students.selectors import contacts_shown_to, keys_shown
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry
from schoolops.tenancy.compiled import DAY, KEY, Compiled, Parameter, any_of

TRAIL_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Record:
    """A part is ``None`` where the permission is missing: whoever may not see it does not learn whether there is any.

    ``restrictions``: by the key of a link, why that guardian may not see the student.
    """

    student: Student
    enrolments: list[Enrolment]
    family: list[StudentGuardian] | None = None
    restrictions: dict[int, str] | None = None
    medical_note: str | None = None
    year: AcademicYear | None = None
    days: dict[dt.date, DailyAttendance] | None = None
    calendar: dict[dt.date, CalendarDay] = field(default_factory=dict)
    leave: list[Leave] | None = None
    changed_marks: list[ChangedMark] | None = None
    entries: list[AuditEntry] | None = None

    def section_on(self, day: dt.date) -> Section | None:
        """The section the student belongs to on ``day``."""
        for enrolment in self.enrolments:
            for membership in enrolment.memberships.all():
                if membership.holds(day):
                    return membership.section  # type: ignore[no-any-return]
        return None


def student_in_reach(student: UUID, *, by: User, day: dt.date, permission: str = "students.view") -> Student:
    """The student. Raises ``PermissionMissing``, ``OutOfReach``."""
    reach = access.within_reach(by, permission, "student", day=day)
    found: Student | None = (
        Student.objects.filter(reach, sourced_id=student).select_related("institution", "merged_into").first()
    )
    if found is None:
        raise OutOfReach
    return found


def record_of(student: UUID, *, by: User, day: dt.date) -> Record:
    """Everything on a student's page, in a number of queries that depends on the reader's permissions alone.

    Raises:
        PermissionMissing, OutOfReach.
    """
    found = student_in_reach(student, by=by, day=day)
    held = _held_over(found, by, day)
    year = _year_of(found, day)
    sees = "attendance.view" in held
    days, leave = (sees and _is_shown(found, item, by) for item in (FamilyItem.ATTENDANCE, FamilyItem.LEAVE))
    return Record(
        student=found,
        enrolments=_enrolments(found),
        family=_family(found, by, day) if "guardians.view" in held else None,
        restrictions=_restrictions(found) if {"guardians.view", "students.view_custody"} <= held else None,
        medical_note=found.medical_note if "students.view_medical" in held else None,
        year=year,
        days=_days(found, year) if days else None,
        calendar=_calendar(found, year) if days else {},
        leave=_LEAVE.all(student=found.pk) if leave else None,
        changed_marks=marks_changed_of(found.pk) if days else None,
        entries=list(trail.trail_of(found)[:TRAIL_SHOWN]) if "audit.view" in held else None,
    )


ABOUT_A_STUDENT = (
    "guardians.view", "students.view_custody", "students.view_medical", "attendance.view", "audit.view",
)  # fmt: skip


def _held_over(student: Student, by: User, day: dt.date) -> frozenset[str]:
    """Those of the permissions that ``by`` holds over this very student: a second role may reach further than one."""
    held = access_rows.permissions_of(by)
    return frozenset(
        permission
        for permission in ABOUT_A_STUDENT
        if permission in held and reaches(student, by=by, day=day, permission=permission)
    )


def reaches(student: Student, *, by: User, day: dt.date, permission: str) -> bool:
    """Whether ``by`` holds ``permission`` over this student; a question, so a no is not counted as a refusal."""
    reach = access_rows.rows_in_reach(by, permission, "student", day=day)
    if reach is None:
        return False
    return not reach or Student.objects.filter(reach, pk=student.pk).exists()


def _is_shown(student: Student, item: str, by: User) -> bool:
    return student.pk in keys_shown(by, item, "attendance.view", [student.pk])


_STUDENT, _AT = Parameter("student", KEY), Parameter("at", KEY)
_FIRST, _LAST = Parameter("first", DAY), Parameter("last", DAY)
_ENROLMENTS: Compiled[Enrolment] = Compiled(
    lambda: (
        Enrolment.objects.filter(student=_STUDENT).select_related("year", "grade_level").order_by("-entered_on", "-pk")
    )
)
_MEMBERSHIPS: Compiled[SectionMembership] = Compiled(
    lambda: (
        SectionMembership.objects.filter(any_of("enrolment", "enrolments"))
        .select_related("section__grade_level", "section__year")
        .order_by("starts_on")
    )
)
_LEAVE: Compiled[Leave] = Compiled(
    lambda: Leave.objects.filter(student=_STUDENT).select_related("code").order_by("-starts_on", "-pk")[:10]
)
_RESTRICTIONS: Compiled[tuple[int, str]] = Compiled(
    lambda: (
        StudentGuardian.objects.filter(student=_STUDENT)
        .exclude(restriction_note="")
        .values_list("pk", "restriction_note")
    )
)
_YEARS: Compiled[AcademicYear] = Compiled(
    lambda: AcademicYear.objects.filter(institution=_AT, starts_on__lte=_LAST).order_by("-starts_on")[:1]
)
_DAYS: Compiled[DailyAttendance] = Compiled(
    lambda: DailyAttendance.objects.filter(student=_STUDENT, day__gte=_FIRST, day__lte=_LAST)
)
_CALENDAR: Compiled[CalendarDay] = Compiled(
    lambda: CalendarDay.objects.filter(institution=_AT, day__gte=_FIRST, day__lte=_LAST)
)


def _enrolments(student: Student) -> list[Enrolment]:
    found = _ENROLMENTS.all(student=student.pk)
    held: dict[int, list[SectionMembership]] = {each.pk: [] for each in found}
    for membership in _MEMBERSHIPS.all(enrolments=list(held)):
        held[membership.enrolment_id].append(membership)
    for each in found:
        rows: Any = each.memberships.all()
        rows._result_cache = held[each.pk]  # noqa: SLF001 - as prefetch_related does
        each.__dict__["_prefetched_objects_cache"] = {"memberships": rows}
    return found


def _family(student: Student, by: User, day: dt.date) -> list[StudentGuardian]:
    return list(
        StudentGuardian.objects.filter(contacts_shown_to(by, day), student=student)
        .select_related("guardian")
        .defer("restriction_note")
        .order_by("contact_priority", "pk")
    )


def _restrictions(student: Student) -> dict[int, str]:
    return dict(_RESTRICTIONS.all(student=student.pk))


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to come: on ``day`` the student belongs to ``section``, or leaves (``exit_kind`` in words)."""

    day: dt.date
    what: str
    section: Section | None = None
    why: str = ""


def planned_after(record: Record, day: dt.date) -> list[Planned]:
    """Moves and departures that have not begun on ``day``, by their days."""
    found = []
    for enrolment in record.enrolments:
        if enrolment.exited_on is not None and enrolment.entered_on <= day < enrolment.exited_on:
            found.append(Planned(enrolment.exited_on, "leave", why=enrolment.get_exit_kind_display()))
        ends = {membership.ends_on for membership in enrolment.memberships.all()}
        found += [
            Planned(membership.starts_on, "move", membership.section)
            for membership in enrolment.memberships.all()
            if membership.starts_on > day and membership.starts_on in ends
        ]
    return sorted(found, key=lambda each: each.day)


def _year_of(student: Student, day: dt.date) -> AcademicYear | None:
    """The year that contains ``day`` where the student is, else the last one they were in."""
    return _YEARS.first(at=student.institution_id, last=day)


def _days(student: Student, year: AcademicYear | None) -> dict[dt.date, DailyAttendance]:
    if year is None:
        return {}
    return {row.day: row for row in _DAYS.all(student=student.pk, first=year.starts_on, last=year.ends_on)}


def _calendar(student: Student, year: AcademicYear | None) -> dict[dt.date, CalendarDay]:
    if year is None:
        return {}
    return {row.day: row for row in _CALENDAR.all(at=student.institution_id, first=year.starts_on, last=year.ends_on)}
