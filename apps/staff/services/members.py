"""Members of staff: from the first day they work here to the last, and what ends with it.

Whoever writes what somebody teaches locks that person's row first, so that nobody is assigned while they leave.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import Institution
from apps.staff import errors
from apps.staff.models import StaffMember
from apps.staff.services.ending import end_teaching
from schoolops.audit import trail
from schoolops.constraints import Explanation, explains


def locked(member: StaffMember) -> StaffMember:
    """The person's row, held until the transaction ends."""
    row: StaffMember = (
        StaffMember.objects.select_for_update(of=("self",)).select_related("institution", "user").get(pk=member.pk)
    )
    return row


def in_order(starts_on: dt.date | None, ends_on: dt.date | None) -> None:
    """Nothing, when one can follow the other. Raises ``EndsBeforeStart``."""
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise errors.EndsBeforeStart(starts_on=starts_on, ends_on=ends_on)


def _explained(member: StaffMember) -> Mapping[str, Explanation]:
    return {
        "staff_number_per_institution": lambda: errors.StaffNumberTaken(number=member.staff_number),
        "staff_staffmember_user_id_key": errors.LoginTaken,
    }


@transaction.atomic
def add_staff_member(*, institution: Institution, fields: Mapping[str, Any], by: User) -> StaffMember:
    """Somebody who works at ``institution``, with or without a login.

    Raises:
        PermissionMissing, OutOfReach, StaffNumberTaken, LoginTaken, EndsBeforeStart.
    """
    access.require_at(by, "staff.manage", institution)
    access.require_login(by, "staff.manage", fields.get("user"))
    in_order(fields.get("starts_on"), fields.get("ends_on"))
    member = StaffMember(institution=institution, **fields)
    with explains(_explained(member)):
        member.save(force_insert=True)
    trail.record(by, "staff.added", member, after={"institution": institution, **fields})
    return member


@transaction.atomic
def change_staff_member(
    *, member: StaffMember, fields: Mapping[str, Any], expected_version: int | None, by: User
) -> StaffMember:
    """Change what is known of somebody. With ``ends_on``, what they teach ends that day too, and they stand in no more.

    Args:
        expected_version: the version that was read; ``None`` overwrites whatever is there.

    Raises:
        PermissionMissing, OutOfReach, ChangedMeanwhile, StaffNumberTaken, LoginTaken, EndsBeforeStart, TeachesBefore.
    """
    row = locked(member)
    access.require_at(by, "staff.manage", row.institution)
    access.require_login(by, "staff.manage", fields.get("user"))
    if expected_version is not None and row.version != expected_version:
        raise errors.ChangedMeanwhile(version=row.version)
    before, after = trail.changed(row, fields)
    if not after:
        return row
    for name, value in after.items():
        setattr(row, name, value)
    in_order(row.starts_on, row.ends_on)
    if after.get("starts_on") is not None:
        _refuse_teaching_before(row, after["starts_on"])
    row.version += 1
    with explains(_explained(row)):
        row.save(update_fields=[*after, "version"])
    trail.record(by, "staff.changed", row, before=before, after=after)
    if after.get("ends_on") is not None:
        end_teaching(row, after["ends_on"], by=by)
    return row


def _refuse_teaching_before(member: StaffMember, starts_on: dt.date) -> None:
    taught = member.assignments.filter(starts_on__lt=starts_on).exclude(ends_on=F("starts_on"))
    stood_in = member.substitutions.filter(day__lt=starts_on)
    days = [*taught.values_list("starts_on", flat=True), *stood_in.values_list("day", flat=True)]
    if days:
        raise errors.TeachesBefore(name=member.full_name, day=min(days))
