"""What follows when roles change, or who holds them."""

from __future__ import annotations

from apps.access.caches import PERMISSION_CONFIG, RBAC_PERMISSIONS, USER_ROLES
from apps.access.events import RoleChanged, RolesGiven
from apps.access.models import RoleAssignment
from apps.accounts import services as accounts
from schoolops.events import subscribe


@subscribe(RoleChanged)
def believe_nothing_made_of_the_role(event: RoleChanged) -> None:
    accounts.raise_access_version(RoleAssignment.objects.filter(role=event.role_id).values_list("user_id", flat=True))
    # What users may do, and what lists show of it, stands under this one.
    PERMISSION_CONFIG.forget()


@subscribe(RolesGiven)
def believe_nothing_of_these_users(event: RolesGiven) -> None:
    accounts.raise_access_version(event.user_ids)
    RBAC_PERMISSIONS.forget_many((user,) for user in event.user_ids)
    USER_ROLES.forget_many((user,) for user in event.user_ids)
