"""Roles: what they hold, who holds them, and what a school starts with."""

from __future__ import annotations

from django.db import transaction

from apps.access.models import Role, RoleAssignment, RolePermission
from apps.access.permissions import BUILTIN_ROLES, PERMISSIONS
from apps.accounts.models import User
from apps.institutions.models import Institution
from schoolops.audit import trail
from schoolops.audit.trail import Actor
from schoolops.tenancy.seeds import seeds_a_school


@transaction.atomic
def assign_role(*, user: User, role: str, institution: Institution | None = None, by: Actor) -> RoleAssignment:
    """Let ``user`` hold the role with this code, everywhere or at one institution. Doing it twice changes nothing."""
    assignment, created = RoleAssignment.objects.get_or_create(
        user=user, role=Role.objects.get(code=role), institution=institution
    )
    if created:
        trail.record(by, "access.role-assigned", user, after={"role": role, "institution": institution})
    return assignment


@seeds_a_school(order=10)
def seed_roles() -> None:
    """The built-in roles with the permissions they start with."""
    for builtin in BUILTIN_ROLES:
        role, created = Role.objects.get_or_create(
            code=builtin.code, defaults={"name": builtin.name, "builtin": True, "scope": builtin.scope}
        )
        if created:
            RolePermission.objects.bulk_create(
                RolePermission(role=role, permission=permission.code)
                for permission in PERMISSIONS
                if builtin.code in permission.roles
            )
