"""Many members of staff and assignments at once, by the same rules and with the same trail as one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.staff import errors
from apps.staff.models import StaffMember
from apps.staff.services.members import in_order
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
        return bulk.added(rows, by=by, action="staff.added", after=after, reason=reason)


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
        return bulk.changed(changes, by=by, action="staff.changed", reason=reason)
