"""Roles: what they hold, who holds them, and what a school starts with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from apps.access import selectors
from apps.access.caches import Held
from apps.access.errors import (
    AdministratorIsFixed,
    AssignmentBackwards,
    LastAdministrator,
    NotYoursToGive,
    PermissionUnknown,
    RoleChangedMeanwhile,
    RoleCodeTaken,
    RoleInUse,
    RoleIsBuiltin,
    RoleUnknown,
    ScopeUnknown,
)
from apps.access.events import RoleChanged, RolesGiven
from apps.access.models import Role, RoleAssignment, RolePermission
from apps.access.permissions import ADMINISTRATOR, BUILTIN_ROLES, CODES, PERMISSIONS
from apps.access.services.gate import (
    administrators,
    require_at,
    require_everywhere,
    require_over,
    require_to_give,
)
from apps.access.services.keys import (
    begin_anew_where_others_hold_keys,
    gains,
    holders_of_role,
    who_begins_anew,
)
from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.institutions import selectors as institutions
from apps.institutions.models import Institution
from schoolops import events
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM, Actor
from schoolops.constraints import explains
from schoolops.errors import FieldError
from schoolops.seeds import first_time, seeds_a_school

MANAGE = "access.manage"


def _not_yours(code: str) -> NotYoursToGive:
    return NotYoursToGive(permission=code)


def _expect_known(permissions: Collection[str]) -> None:
    unknown = [
        FieldError(f"permissions.{position}", "unknown-permission", "There is no permission {code}.", {"code": code})
        for position, code in enumerate(permissions)
        if code not in CODES
    ]
    if unknown:
        raise PermissionUnknown(errors=unknown)


def _hold(role: Role, permissions: Collection[str], *, institution: Institution | None) -> Held:
    return Held(
        role=role.code,
        scope=role.scope,
        institution_id=None if institution is None else institution.pk,
        permissions=frozenset(permissions),
    )


def _codes_of_many(roles: Collection[Role]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {role.pk: set(CODES if role.code == ADMINISTRATOR else ()) for role in roles}
    for role_id, code in RolePermission.objects.filter(role__in=roles).values_list("role_id", "permission"):
        found[role_id].add(code)
    return {role_id: frozenset(codes & CODES) for role_id, codes in found.items()}


def _codes_of(role: Role) -> frozenset[str]:
    return _codes_of_many([role])[role.pk]


@transaction.atomic
def create_role(
    *, name: str, permissions: Collection[str], by: User, code: str = "", scope: str = "everything"
) -> Role:
    """A role of the school's own.

    Raises:
        PermissionMissing, OutOfReach; NotYoursToGive: nobody makes a role of what they do not hold.
        PermissionUnknown, ScopeUnknown, RoleCodeTaken.
    """
    require_everywhere(by, MANAGE)
    _expect_known(permissions)
    if scope not in selectors.known_scopes():
        raise ScopeUnknown(scope=scope)
    role = Role(code=code or slugify(name)[:40] or "role", name=name, scope=scope)
    require_to_give(by, MANAGE, [_hold(role, permissions, institution=None)], _not_yours)
    with explains({"access_role_code_key": lambda: RoleCodeTaken(code=role.code)}):
        role.save(force_insert=True)
    RolePermission.objects.bulk_create(
        RolePermission(role=role, permission=permission) for permission in sorted(set(permissions))
    )
    after = {"code": role.code, "name": name, "scope": scope, "permissions": sorted(set(permissions))}
    trail.record(by, "access.role-created", role, after=after)
    events.publish(RoleChanged(role.pk))
    return role


def _locked(role: Role, expected_version: int | None) -> Role:
    locked = Role.objects.select_for_update().filter(pk=role.pk).first()
    if locked is None:
        raise RoleUnknown
    if expected_version is not None and locked.version != expected_version:
        raise RoleChangedMeanwhile(name=locked.name)
    return locked


@transaction.atomic
def rename_role(*, role: Role, name: str, expected_version: int | None, by: User) -> Role:
    """Give a role another name; its code stays.

    Raises:
        PermissionMissing, OutOfReach, RoleChangedMeanwhile.
    """
    require_everywhere(by, MANAGE)
    role = _locked(role, expected_version)
    if role.name != name:
        before, role.name, role.version = role.name, name, role.version + 1
        role.save(update_fields=["name", "version"])
        trail.record(by, "access.role-renamed", role, before={"name": before}, after={"name": name})
        events.publish(RoleChanged(role.pk))
    return role


@transaction.atomic
def set_permissions(*, role: Role, permissions: Collection[str], expected_version: int | None, by: User) -> Role:
    """Let ``role`` hold exactly these permissions, from everybody's next request on.

    Raises:
        PermissionMissing, OutOfReach, PermissionUnknown, RoleChangedMeanwhile; AdministratorIsFixed;
        NotYoursToGive: one that is added is not held by ``by`` over the whole school.
    """
    require_everywhere(by, MANAGE)
    _expect_known(permissions)
    role = _locked(role, expected_version)
    if role.code == ADMINISTRATOR:
        raise AdministratorIsFixed
    before, after = _codes_of(role), frozenset(permissions)
    require_to_give(by, MANAGE, [_hold(role, after - before, institution=None)], _not_yours)
    if before != after:
        begin_anew_where_others_hold_keys(_gained(role, after - before), by=by)
        RolePermission.objects.filter(role=role).exclude(permission__in=after).delete()
        RolePermission.objects.bulk_create(
            RolePermission(role=role, permission=each) for each in sorted(after - before)
        )
        role.version += 1
        role.save(update_fields=["version"])
        _tell_of_change(role, before, after, by=by)
    return role


def _gained(role: Role, added: frozenset[str]) -> list[tuple[User, Held]]:
    held = holders_of_role(role.pk, today=institutions.school_today())
    return gains((each.user, _hold(role, added, institution=each.institution)) for each in held)


def whose_password_would_end(*, role: Role, permissions: Collection[str], by: User) -> list[User]:
    """Whose logins begin anew when ``set_permissions`` is called so: somebody holds an earlier key to them."""
    return who_begins_anew(_gained(role, frozenset(permissions) - _codes_of(role)), by=by)


def _tell_of_change(role: Role, before: Collection[str], after: Collection[str], *, by: Actor) -> None:
    was, is_now = {"permissions": sorted(before)}, {"permissions": sorted(after)}
    trail.record(by, "access.role-changed", role, before=was, after=is_now)
    events.publish(RoleChanged(role.pk))


@transaction.atomic
def remove_role(*, role: Role, by: User) -> None:
    """Remove a role of the school's own that nobody holds.

    Raises:
        PermissionMissing, OutOfReach, RoleIsBuiltin, RoleInUse.
    """
    require_everywhere(by, MANAGE)
    role = _locked(role, None)
    if role.builtin:
        raise RoleIsBuiltin(name=role.name)
    if RoleAssignment.objects.filter(role=role).exists():
        raise RoleInUse(name=role.name, id="…")
    trail.record(by, "access.role-removed", role, before={"code": role.code, "permissions": sorted(_codes_of(role))})
    RolePermission.objects.filter(role=role).delete()
    events.publish(RoleChanged(role.pk))
    role.delete()


def expect_to_give(assignments: Collection[RoleAssignment], *, permission: str, by: User) -> None:
    """Nothing, when ``by`` holds all that these (not yet written) assignments would give. Raises ``NotYoursToGive``."""
    codes = _codes_of_many([assignment.role for assignment in assignments])
    held = [
        _hold(assignment.role, codes[assignment.role.pk], institution=assignment.institution)
        for assignment in assignments
    ]
    require_to_give(by, permission, held, _not_yours)


def roles_within(by: User, roles: Iterable[Role]) -> list[Role]:
    """Those of ``roles`` that give nothing which ``by`` does not hold."""
    roles = list(roles)
    codes, held = _codes_of_many(roles), selectors.permissions_of(by)
    return [role for role in roles if codes[role.pk] <= held]


@transaction.atomic
def assign_role(
    *,
    user: User,
    role: str,
    by: Actor,
    institution: Institution | None = None,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
) -> RoleAssignment:
    """Let ``user`` hold the role with this code, everywhere or at one institution.

    Doing it twice changes nothing; with other dates it moves them. Only the platform may be ``by`` without permission.

    Raises:
        PermissionMissing, OutOfReach, UserUnknown, BeyondYou, NotYoursToGive; LastAdministrator; RoleUnknown,
        AssignmentBackwards.
    """
    held = Role.objects.filter(code=role).first()
    if held is None:
        raise RoleUnknown
    if isinstance(by, User):
        _require_where(institution, by)
        require_over(by, MANAGE, user)
        proposed = RoleAssignment(user=user, role=held, institution=institution)
        expect_to_give([proposed], permission=MANAGE, by=by)
    return put_in_role(user=user, role=held, institution=institution, starts_on=starts_on, ends_on=ends_on, by=by)


def _require_where(institution: Institution | None, by: User) -> None:
    """Nothing, when ``by`` changes roles there. Raises ``PermissionMissing``, ``OutOfReach``."""
    if institution is None:
        require_everywhere(by, MANAGE)
    else:
        require_at(by, MANAGE, institution)


def put_in_role(
    *,
    user: User,
    role: Role,
    institution: Institution | None,
    by: Actor,
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
) -> RoleAssignment:
    """As ``assign_role``, in the transaction of a caller who has asked for permission."""
    dates = {"starts_on": starts_on, "ends_on": ends_on}
    about: dict[str, Any] = {"role": role.code, "institution": institution}
    # Asked of what they hold before: what they can do already is no gain.
    held = _hold(role, _codes_of(role), institution=institution)
    over = ends_on is not None and ends_on <= institutions.school_today()
    gained = [] if over else gains([(user, held)])
    with explains({"role_ends_after_it_starts": AssignmentBackwards}):
        assignment, created = RoleAssignment.objects.select_for_update(of=("self",)).get_or_create(
            user=user, role=role, institution=institution, defaults=dates
        )
        before, after = trail.changed(assignment, dates)
        if created:
            trail.record(by, "access.role-assigned", user, after={**about, **dates})
            _shut_out_who_was_before(user, gained, by=by)
        elif after:
            _keep_an_administrator(assignment, unless=ends_on is None and starts_on is None)
            RoleAssignment.objects.filter(pk=assignment.pk).update(**after)
            trail.record(by, "access.role-moved", user, before={**about, **before}, after={**about, **after})
            _take_over(assignment, after)
            _shut_out_who_was_before(user, gained, by=by)
    user.__dict__.pop("_roles_held", None)
    return assignment


def _shut_out_who_was_before(user: User, gained: list[tuple[User, Held]], *, by: Actor) -> None:
    """Whoever was handed a link before this role, or has used one, was handed no key to it."""
    accounts.end_links(user)
    begin_anew_where_others_hold_keys(gained, by=by)
    events.publish(RolesGiven((user.pk,)))


def _take_over(assignment: RoleAssignment, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(assignment, name, value)


def _keep_an_administrator(assignment: RoleAssignment, *, unless: bool = False) -> None:
    if unless or assignment.role.code != ADMINISTRATOR:
        return
    there = set(administrators().values_list("pk", flat=True))
    if there == {assignment.pk}:
        raise LastAdministrator


@transaction.atomic
def withdraw_role(*, assignment: RoleAssignment, by: User) -> None:
    """Take a role away at once.

    Raises:
        PermissionMissing, OutOfReach, UserUnknown; BeyondYou: the user may do more than ``by``. LastAdministrator.
    """
    _require_where(assignment.institution, by)
    require_over(by, MANAGE, assignment.user)
    _keep_an_administrator(assignment)
    gone, _ = RoleAssignment.objects.filter(pk=assignment.pk).delete()
    if gone:
        before = {"role": assignment.role.code, "institution": assignment.institution}
        trail.record(by, "access.role-withdrawn", assignment.user, before=before)
        events.publish(RolesGiven((assignment.user_id,)))


@seeds_a_school(order=10, contents=lambda: (BUILTIN_ROLES, PERMISSIONS))
def seed_roles() -> None:
    """The built-in roles, each with the permissions that it was never offered. What the school took away stays away."""
    for builtin in BUILTIN_ROLES:
        role, created = Role.objects.select_for_update().get_or_create(
            code=builtin.code, defaults={"name": builtin.name, "builtin": True, "scope": builtin.scope}
        )
        if not role.builtin:
            # A role of the school's own has had this code for longer.
            continue
        before = _codes_of(role)
        offered = first_time(
            f"role:{role.code}", [permission.code for permission in PERMISSIONS if role.code in permission.roles]
        )
        fresh = [code for code in offered if code not in before]
        RolePermission.objects.bulk_create(RolePermission(role=role, permission=code) for code in fresh)
        if fresh and not created:
            role.version += 1
            role.save(update_fields=["version"])
            _tell_of_change(role, before, before | set(fresh), by=SYSTEM)
