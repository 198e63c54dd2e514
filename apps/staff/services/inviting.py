"""Who works here and cannot log in is invited, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.accounts.selectors import user_by_id
from apps.institutions.selectors import school_today
from apps.staff.events import StaffInvited
from apps.staff.models import StaffMember, works_on
from apps.staff.services.members import change_staff_member
from schoolops import events, queues


def _rows() -> QuerySet[Any]:
    # Whoever begins next month may choose a password before.
    today = school_today()
    return StaffMember.objects.filter(works_on(today) | Q(starts_on__gt=today))


def _link(row: StaffMember, user: User, by: User) -> None:
    change_staff_member(member=row, fields={"user": user}, expected_version=None, by=by)


STAFF = access.Audience(manages="staff.manage", of_user="staff_member", rows=_rows, link=_link)


def staff_without_login(*, by: User) -> access.Uninvited:
    """Whom invitations are for. Raises ``PermissionMissing``, ``OutOfReach``: they are of the whole school."""
    return access.uninvited(STAFF, by=by)


@transaction.atomic
def begin_inviting_staff(*, role: str, people: int, by: User) -> None:
    """Let a worker invite the ``people`` who can be invited, in the role with this code.

    Raises:
        PermissionMissing, OutOfReach, NotYoursToGive, RoleUnknown, PeopleChangedSince.
    """
    access.expect_invitations(STAFF, role=role, people=people, by=by)
    events.publish(StaffInvited(role, by.sourced_id))


def look_at_inviting_staff(*, roles: Mapping[int, str], by: User) -> list[access.Invitation]:
    """As ``access.services.look_at_invitations``."""
    return access.look_at_invitations(STAFF, roles=roles, by=by)


@transaction.atomic
def begin_inviting_chosen_staff(*, roles: Mapping[int, str], by: User) -> None:
    """Let a worker invite these (by key), each in the role with this code.

    Raises:
        PermissionMissing, OutOfReach, NotToBeInvited, RoleUnknown, RoleBeyondYou, PeopleChangedSince.
    """
    access.expect_chosen(STAFF, roles=roles, by=by)
    events.publish(StaffInvited("", by.sourced_id, tuple(sorted(roles.items()))))


def invite_staff(*, role: str, by_id: UUID, roles: Mapping[int, str] | None = None) -> dict[str, int]:
    """As ``access.services.invite_many``, for whoever has this public id."""
    done = access.invite_many(STAFF, role=role, roles=roles, by=user_by_id(by_id))
    with queues.finishing():
        return done
