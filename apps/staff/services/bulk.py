"""Many members of staff and assignments at once, by the same rules and with the same trail as one at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import Institution, Section
from apps.staff import errors
from apps.staff.events import StaffChanged, TeachersChanged
from apps.staff.models import StaffMember, TeachingAssignment
from apps.staff.services.assignments import Group, refuse_outside
from apps.staff.services.members import in_order
from schoolops import events
from schoolops.audit import bulk
from schoolops.constraints import explains


def _require_at_all(by: User, institutions: set[Institution]) -> None:
    for each in sorted(institutions, key=lambda one: one.pk):
        access.require_at(by, "staff.manage", each)


def _explained() -> dict[str, Any]:
    return {
        "staff_number_per_institution": lambda: errors.StaffNumberTaken(number="of this list"),
        "staff_staffmember_user_id_key": errors.LoginTaken,
    }


@transaction.atomic
def add_many_staff(
    *, members: Sequence[tuple[Institution, Mapping[str, Any]]], reason: str, by: User
) -> list[StaffMember]:
    """People who work here. Raises ``PermissionMissing``, ``OutOfReach``, ``StaffNumberTaken``, ``EndsBeforeStart``."""
    _require_at_all(by, {institution for institution, _ in members})
    for _, fields in members:
        in_order(fields.get("starts_on"), fields.get("ends_on"))
    rows = [StaffMember(institution=institution, **fields) for institution, fields in members]
    after = [{"institution": institution, **fields} for institution, fields in members]
    with explains(_explained()):
        written = bulk.added(rows, by=by, action="staff.added", after=after, reason=reason)
    for row in written:
        events.publish(StaffChanged(row.pk))
    return written


@transaction.atomic
def change_many_staff(
    *, changes: Sequence[tuple[StaffMember, Mapping[str, Any]]], reason: str, by: User
) -> list[StaffMember]:
    """Change people whose rows the caller holds; for ``ends_on`` ask ``change_staff_member``, which ends teaching too.

    Raises:
        PermissionMissing, OutOfReach, StaffNumberTaken.
    """
    _require_at_all(by, {member.institution for member, _ in changes})
    with explains(_explained()):
        rows = bulk.changed(changes, by=by, action="staff.changed", reason=reason)
    for row in rows:
        events.publish(StaffChanged(row.pk))
    return rows


@dataclass(frozen=True, slots=True)
class Teaching:
    """Somebody teaches a section or class during ``[starts_on, ends_on)``."""

    staff: StaffMember
    group: Group
    starts_on: dt.date
    ends_on: dt.date | None = None
    kind: str = TeachingAssignment.Kind.TEACHER


@transaction.atomic
def assign_many(*, teaching: Sequence[Teaching], reason: str, by: User) -> list[TeachingAssignment]:
    """Let these people teach.

    Raises:
        PermissionMissing, OutOfReach, YearIsClosed, NotInYear, NotEmployed, EndsBeforeStart, AlreadyAssigned.
    """
    _require_at_all(by, {each.staff.institution for each in teaching} | {each.group.institution for each in teaching})
    # The people first, as everywhere, and in the order of their keys.
    list(StaffMember.objects.select_for_update().filter(pk__in=[each.staff.pk for each in teaching]).order_by("pk"))
    for each in teaching:
        in_order(each.starts_on, each.ends_on)
        refuse_outside(each.group, each.staff, each.starts_on, each.ends_on)
    rows = [
        TeachingAssignment(
            staff=each.staff,
            section=each.group if isinstance(each.group, Section) else None,
            course_class=None if isinstance(each.group, Section) else each.group,
            kind=each.kind,
            starts_on=each.starts_on,
            ends_on=each.ends_on,
        )
        for each in teaching
    ]
    after = [
        {
            "staff": row.staff,
            "section": row.section,
            "class": row.course_class,
            "kind": row.kind,
            "starts_on": row.starts_on,
            "ends_on": row.ends_on,
        }
        for row in rows
    ]
    taken = {
        name: lambda: errors.AlreadyAssigned(name="one of them")
        for name in ("assignment_section_once", "assignment_class_once")
    }
    with explains(taken):
        written = bulk.added(rows, by=by, action="staff.assigned", after=after, reason=reason)
    for row in written:
        events.publish(TeachersChanged(row.staff_id, row.section_id, row.course_class_id))
    return written
