"""Letting somebody in: a login with its roles, and the link that opens it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from apps.access.errors import OutOfReach, RoleUnknown
from apps.access.events import RolesGiven
from apps.access.models import Role, RoleAssignment
from apps.access.services.gate import require
from apps.access.services.roles import expect_to_give
from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.institutions.models import Institution
from schoolops import events
from schoolops.audit import trail

MANAGE = "accounts.manage"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A role for somebody new: its code, and the public id of the one institution it is for, if any."""

    role: str
    institution_id: UUID | None = None


@transaction.atomic
def let_in(
    *, username: str, roles: Sequence[Wanted], by_mail: bool, by: User, details: dict[str, str]
) -> tuple[User, accounts.Handed | None]:
    """A new login with these roles; returns it with the link to hand over, or ``None`` when it goes by e-mail.

    ``details``: email, given_name, family_name, language. Any number of roles costs the same few reads.

    Raises:
        PermissionMissing; NotYoursToGive: a role holds what ``by`` does not. RoleUnknown; OutOfReach: no such
        institution. And as ``accounts.services.create_user`` and ``invite``.
    """
    require(by, MANAGE)
    wanted = dict.fromkeys((each.role, each.institution_id) for each in roles)
    known = Role.objects.in_bulk({role for role, _ in wanted}, field_name="code")
    places = Institution.objects.in_bulk({place for _, place in wanted if place}, field_name="sourced_id")
    if any(role not in known for role, _ in wanted):
        raise RoleUnknown
    if any(place and place not in places for _, place in wanted):
        raise OutOfReach
    user = accounts.create_user(username=username, by=by, **details)
    assignments = [
        RoleAssignment(user=user, role=known[role], institution=places[place] if place else None)
        for role, place in wanted
    ]
    expect_to_give(assignments, permission=MANAGE, by=by)
    RoleAssignment.objects.bulk_create(assignments)
    events.publish(RolesGiven((user.pk,)))
    trail.record_many(
        trail.entry_of(
            by,
            "access.role-assigned",
            user,
            after={"role": assignment.role.code, "institution": assignment.institution},
        )
        for assignment in assignments
    )
    return user, accounts.invite(user=user, by_mail=by_mail, by=by)
