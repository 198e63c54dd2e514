"""Who stands in for whom, on one day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.institutions.models import CourseClass, Section
from apps.staff import errors
from apps.staff.models import StaffMember, Substitution, TeachingAssignment
from apps.staff.services.assignments import ONE_DAY, group_of, refuse_outside, require_both
from apps.staff.services.members import locked
from schoolops.audit import trail
from schoolops.constraints import explains


def _said(row: Substitution) -> dict[str, Any]:
    return {
        "staff": row.staff,
        "instead_of": row.instead_of,
        "section": row.section,
        "class": row.course_class,
        "day": row.day,
        "reason": row.reason,
    }


@transaction.atomic
def add_substitution(
    *,
    staff: StaffMember,
    section: Section | None = None,
    course_class: CourseClass | None = None,
    day: dt.date,
    instead_of: StaffMember | None = None,
    reason: str = "",
    by: User,
) -> Substitution:
    """Let somebody stand in on ``day``, and on no other: on it they reach the section or class and its students.

    Raises:
        PermissionMissing, OutOfReach, SectionOrClass, YearIsClosed, NotInYear, NotEmployed, StandsInForThemselves,
        NotTheirGroup, AlreadyStandsIn.
    """
    group = group_of(section, course_class)
    member = locked(staff)
    require_both(by, member, group)
    refuse_outside(group, member, day, day + ONE_DAY)
    if instead_of is not None:
        _refuse_unless_theirs(member, instead_of, section, course_class, day)
    row = Substitution(
        staff=member, instead_of=instead_of, section=section, course_class=course_class, day=day, reason=reason
    )
    with explains({"substitution_once": lambda: errors.AlreadyStandsIn(name=member.full_name, day=day)}):
        row.save(force_insert=True)
    trail.record(by, "staff.substitution-added", row, after=_said(row))
    return row


def _refuse_unless_theirs(
    member: StaffMember,
    instead_of: StaffMember,
    section: Section | None,
    course_class: CourseClass | None,
    day: dt.date,
) -> None:
    if instead_of.pk == member.pk:
        raise errors.StandsInForThemselves
    theirs = TeachingAssignment.objects.on(day).filter(staff=instead_of, section=section, course_class=course_class)
    if not theirs.exists():
        raise errors.NotTheirGroup(name=instead_of.full_name, day=day)


@transaction.atomic
def remove_substitution(*, substitution: Substitution, by: User) -> None:
    """Let nobody stand in after all. Raises ``PermissionMissing``, ``OutOfReach``."""
    require_both(by, substitution.staff, substitution.group)
    trail.record(by, "staff.substitution-removed", substitution, before=_said(substitution))
    substitution.delete()
