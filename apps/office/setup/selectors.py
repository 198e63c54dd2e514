"""“Your school is ready when …”: each campus asked for everything a day of school needs, in one query."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance.models import AttendanceCode
from apps.institutions.models import (
    AcademicYear,
    CalendarDay,
    CourseClass,
    GradeLevel,
    Institution,
    Section,
    Term,
    holds_on,
)
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import Enrolment, SectionMembership, StudentGuardian
from apps.students.selectors import nobody_to_call
from apps.timetable.models import Period
from schoolops.rows import RowStatus
from schoolops.tenancy.compiled import DAY, Compiled, Parameter

# What a school wants to be able to do, and what that needs, in the order in which a school is set up.
CAPABILITIES: dict[str, tuple[str, ...]] = {
    "take-rolls": ("timezone", "weekend", "year", "levels", "sections", "codes", "periods", "teachers", "students"),
    "plan-the-year": ("terms", "calendar"),
    "invite-staff": ("staff", "staff-mail"),
    "invite-guardians": ("guardians", "guardian-mail"),
}
STEPS = tuple(step for steps in CAPABILITIES.values() for step in steps)


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a campus's set-up, done or missing."""

    step: str
    done: bool
    institution_id: UUID
    institution: str


def readiness(day: dt.date, *, by: User) -> list[Line]:
    """Every step of every campus, in order. One query. Raises ``PermissionMissing``."""
    access.require(by, "institutions.view")
    rows = _READINESS.all(day=day)
    return [
        Line(step, _done(step, row), row["sourced_id"], row["name"])
        for row in rows
        for step in STEPS
        # Only who teaches classes needs periods.
        if step != "periods" or row["has_classes"]
    ]


def _done(step: str, row: dict[str, object]) -> bool:
    if step == "timezone":
        # A new campus has UTC, and hardly any school keeps it.
        return row["timezone"] != "UTC"
    if step == "weekend":
        return bool(row["weekend"])
    if step == "teachers":
        return bool(row["has_sections"]) and not row["has_untaught"]
    if step == "guardians":
        return bool(row["has_enrolled"]) and not row["has_uncalled"]
    if step == "staff-mail":
        return bool(row["has_staff"]) and not row["has_unmailed_staff"]
    if step == "guardian-mail":
        return bool(row["has_guardians"]) and not row["has_unmailed_guardians"]
    return bool(row[f"has_{step}"])


def _asked(day: Any) -> dict[str, Exists]:
    here = Q(institution=OuterRef("pk"))
    year = Q(state=AcademicYear.State.ACTIVE, starts_on__lte=day, ends_on__gte=day)
    in_year = Q(year__state=AcademicYear.State.ACTIVE, year__starts_on__lte=day, year__ends_on__gte=day)
    sections = Section.objects.filter(here, in_year, status=RowStatus.ACTIVE)
    taught = TeachingAssignment.objects.filter(holds_on(day, "section__year__ends_on"), section=OuterRef("pk"))
    members = SectionMembership.objects.on(day).filter(section__institution=OuterRef("pk"))
    enrolled = Enrolment.objects.on(day).filter(here)
    staff = StaffMember.objects.filter(here, status=RowStatus.ACTIVE)
    # Who is to be invited by mail: whoever has no login yet. A guardian stands where a child of theirs does.
    guardians = StudentGuardian.objects.filter(
        student__institution=OuterRef("pk"), guardian__status=RowStatus.ACTIVE, student__status=RowStatus.ACTIVE
    )
    return {
        "has_unmailed_staff": Exists(staff.filter(user=None, email="")),
        "has_guardians": Exists(guardians),
        "has_unmailed_guardians": Exists(guardians.filter(guardian__user=None, guardian__email="")),
        "has_year": Exists(AcademicYear.objects.filter(here, year)),
        "has_terms": Exists(Term.objects.filter(in_year, year__institution=OuterRef("pk"))),
        "has_calendar": Exists(CalendarDay.objects.filter(here, kind=CalendarDay.Kind.HOLIDAY)),
        "has_levels": Exists(GradeLevel.objects.filter(status=RowStatus.ACTIVE)),
        "has_sections": Exists(sections),
        "has_untaught": Exists(sections.filter(~Exists(taught))),
        "has_codes": Exists(AttendanceCode.objects.filter(default=True, retired=False)),
        "has_classes": Exists(CourseClass.objects.filter(here, in_year)),
        "has_periods": Exists(Period.objects.filter(here)),
        "has_staff": Exists(staff),
        "has_students": Exists(members),
        "has_enrolled": Exists(enrolled),
        "has_uncalled": Exists(enrolled.filter(nobody_to_call())),
    }


def _campuses() -> QuerySet[Institution, dict[str, Any]]:
    facts = _asked(Parameter("day", DAY))
    active = Institution.objects.filter(status=RowStatus.ACTIVE).annotate(**facts).order_by("name", "pk")
    rows: QuerySet[Institution, dict[str, Any]] = active.values("sourced_id", "name", "timezone", "weekend", *facts)
    return rows


_READINESS: Compiled[dict[str, Any]] = Compiled(_campuses)
