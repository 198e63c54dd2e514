"""The one question every service asks first, and the roles a school starts with."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Model, Q

from apps.access import selectors
from apps.access.errors import OutOfReach, PermissionMissing
from apps.access.models import Role, RoleAssignment, RolePermission
from apps.access.permissions import BUILTIN_ROLES, CODES, PERMISSIONS
from apps.accounts.models import User
from apps.institutions import scopes
from apps.institutions.models import Institution
from schoolops.audit import trail
from schoolops.audit.trail import Actor
from schoolops.tenancy.seeds import seeds_a_school

log = logging.getLogger(__name__)


def require(by: User, permission: str) -> None:
    """Nothing, when ``by`` holds ``permission`` through some role.

    Raises:
        PermissionMissing: says which one; every refusal is logged and counted.
    """
    if permission not in CODES:
        raise ValueError(f"{permission} is not in the table of permissions.")
    if permission not in selectors.permissions_of(by):
        log.warning("permission refused", extra={"facts": {"permission": permission}})
        raise PermissionMissing(permission=permission)


def within_reach(by: User, permission: str, kind: selectors.Kind, *, day: dt.date) -> Q:
    """The ``Q`` of the rows of ``kind`` that ``by`` reaches with ``permission`` on ``day``.

    Raises:
        PermissionMissing: the permission is missing altogether.
    """
    require(by, permission)
    reach = selectors.rows_in_reach(by, permission, kind, day=day)
    return Q(pk__in=[]) if reach is None else reach


def require_row(by: User, permission: str, kind: selectors.Kind, row: Model, *, day: dt.date) -> None:
    """Nothing, when ``by`` holds ``permission`` over this section, class or student on ``day``.

    Raises:
        PermissionMissing: the permission is missing. OutOfReach: it is there, but not over this row.
    """
    reach = within_reach(by, permission, kind, day=day)
    if reach != Q() and not type(row)._default_manager.filter(reach, pk=row.pk).exists():
        log.warning("row out of reach", extra={"facts": {"permission": permission, "kind": kind}})
        raise OutOfReach


def require_at(by: User, permission: str, institution: Institution) -> None:
    """Nothing, when ``by`` holds ``permission`` at ``institution``, over all of it: for what has no row scope.

    Raises:
        PermissionMissing: the permission is missing. OutOfReach: it is held at another institution only.
    """
    require(by, permission)
    at = selectors.institutions_of(by, permission)
    if at is not None and institution.pk not in at:
        log.warning("institution out of reach", extra={"facts": {"permission": permission}})
        raise OutOfReach


class _Gate:
    """What ``apps.institutions``, below us, asks through ``scopes``."""

    require = staticmethod(require)
    require_at = staticmethod(require_at)
    within_reach = staticmethod(within_reach)


scopes.guarded_by(_Gate())


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
