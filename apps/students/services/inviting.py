"""Guardians who cannot log in are invited, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.accounts.selectors import user_by_id
from apps.institutions.selectors import school_today
from apps.students.events import GuardiansInvited
from apps.students.models import Enrolment, Guardian, StudentGuardian
from apps.students.services.guardians import change_guardian
from schoolops import events, queues


def _rows() -> QuerySet[Any]:
    """Guardians who may see a child that is enrolled, or will be: others would find nothing behind a login."""
    here = Enrolment.objects.not_over(school_today())
    sees = StudentGuardian.objects.filter(
        guardian=OuterRef("pk"), data_access=True, restriction_note="", student__in=here.values("student")
    )
    return Guardian.objects.filter(Exists(sees))


def _link(row: Guardian, user: User, by: User) -> None:
    change_guardian(guardian=row, fields={"user": user}, expected_version=None, by=by)


GUARDIANS = access.Audience(manages="guardians.manage", of_user="guardian", rows=_rows, link=_link)


def guardians_without_login(*, by: User) -> access.Uninvited:
    """Whom invitations are for. Raises ``PermissionMissing``, ``OutOfReach``: they are of the whole school."""
    return access.uninvited(GUARDIANS, by=by)


@transaction.atomic
def begin_inviting_guardians(*, role: str, people: int, by: User) -> None:
    """Let a worker invite the ``people`` who can be invited, in the role with this code.

    Raises:
        PermissionMissing, OutOfReach, NotYoursToGive, RoleUnknown, PeopleChangedSince.
    """
    access.expect_invitations(GUARDIANS, role=role, people=people, by=by)
    events.publish(GuardiansInvited(role, by.sourced_id))


def look_at_inviting_guardians(*, roles: Mapping[int, str], by: User) -> list[access.Invitation]:
    """As ``access.services.look_at_invitations``."""
    return access.look_at_invitations(GUARDIANS, roles=roles, by=by)


@transaction.atomic
def begin_inviting_chosen_guardians(*, roles: Mapping[int, str], by: User) -> None:
    """Let a worker invite these (by key), each in the role with this code.

    Raises:
        PermissionMissing, OutOfReach, NotToBeInvited, RoleUnknown, RoleBeyondYou, PeopleChangedSince.
    """
    access.expect_chosen(GUARDIANS, roles=roles, by=by)
    events.publish(GuardiansInvited("", by.sourced_id, tuple(sorted(roles.items()))))


def invite_guardians(*, role: str, by_id: UUID, roles: Mapping[int, str] | None = None) -> dict[str, int]:
    """As ``access.services.invite_many``, for whoever has this public id."""
    done = access.invite_many(GUARDIANS, role=role, roles=roles, by=user_by_id(by_id))
    with queues.finishing():
        return done
