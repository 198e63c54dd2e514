"""The one question every service asks first."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import NoReturn

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet

from apps.access import selectors
from apps.access.caches import Held
from apps.access.errors import BeyondYou, LastAdministrator, OutOfReach, PermissionMissing
from apps.access.models import Role, RoleAssignment
from apps.access.permissions import ADMINISTRATOR, CODES, FAMILY
from apps.accounts import scopes as account_scopes
from apps.accounts.errors import UserUnknown
from apps.accounts.models import User
from apps.institutions import scopes as institution_scopes
from apps.institutions.models import Institution
from apps.institutions.selectors import school_today
from schoolops.api.exports import guards_exports
from schoolops.api.idempotency import says_access
from schoolops.context import school_or_none
from schoolops.errors import SchoolOpsError
from schoolops.observability.instruments import here
from schoolops.observability.metrics import RBAC_DENIES
from schoolops.privacy import stays

log = logging.getLogger(__name__)

_refusals: Counter[tuple[str, str]] = Counter()


def refusals() -> dict[tuple[str, str], int]:
    """(permission, what was refused: permission, row, institution or user) → how often, since this process began."""
    return dict(_refusals)


def refuse(permission: str, what: str, error: SchoolOpsError, **facts: object) -> NoReturn:
    """Log and count a refusal, and raise it."""
    # A plain integer: a lost count in a race costs nothing.
    _refusals[permission, what] += 1
    RBAC_DENIES.count(here())
    log.warning("refused: %s", what, extra={"facts": {"permission": permission, **facts}})
    raise error


def require(by: User, permission: str) -> None:
    """Nothing, when ``by`` holds ``permission`` through some role.

    Raises:
        PermissionMissing: says which one; every refusal is logged and counted.
    """
    if permission not in CODES:
        raise ValueError(f"{permission} is not in the table of permissions.")
    if permission not in selectors.permissions_of(by):
        refuse(permission, "permission", PermissionMissing(permission=permission))


def held(by: User, *permissions: str) -> str:
    """The first of ``permissions`` that ``by`` holds; the last, where it is none of them."""
    return next((each for each in permissions if each in selectors.permissions_of(by)), permissions[-1])


def by_any(by: User, permissions: Sequence[str], rows: Callable[[str], Q]) -> Q:
    """What ``rows`` says by any of ``permissions`` that ``by`` holds; by the last, where it is none of them.

    Another role may read less than this one writes: who writes is answered by what either reaches.
    """
    seen = [rows(each) for each in dict.fromkeys(permissions) if each in selectors.permissions_of(by)]
    # To Django all rows, or some, are some.
    return Q() if Q() in seen else reduce(or_, seen) if seen else rows(permissions[-1])


def today(by: User) -> dt.date:
    """Today at the school, for what ``by`` asks next: their roles and the school's timezone come in one question."""
    selectors.roles_held(by)
    return school_today()


def within_reach(
    by: User, permission: str, kind: selectors.Kind, *, day: dt.date | None = None, at_work: bool = False
) -> Q:
    """The ``Q`` of the rows of ``kind`` that ``by`` reaches with ``permission`` today; ``day`` only narrows it.

    ``at_work``: not as somebody's family. What lists everybody in a section or class asks so: a family reaches those of
    its child, and nobody else's child in them.

    Raises:
        PermissionMissing: the permission is missing altogether.
    """
    require(by, permission)
    reach = selectors.rows_in_reach(by, permission, kind, day=day, at_work=at_work)
    return Q(pk__in=[]) if reach is None else reach


# Who asks, or what a compiled statement asks in their place.
Asking = User | selectors.AskedCampuses


def at_campuses(by: Asking, permission: str, path: str) -> Q:
    """The rows whose ``path`` leads to a campus over all of which ``by`` holds ``permission``.

    Raises:
        PermissionMissing.
    """
    if isinstance(by, selectors.AskedCampuses):
        return by.rows(permission, path)
    require(by, permission)
    at = selectors.institutions_of(by, permission)
    return Q() if at is None else Q(**{f"{path}__in": at})


def require_row(
    by: User, permission: str, kind: selectors.Kind, row: Model, *, day: dt.date | None = None, at_work: bool = False
) -> None:
    """Nothing, when ``by`` holds ``permission`` over this section, class or student today, and on ``day`` too.

    ``at_work``: as of ``within_reach``.

    Raises:
        PermissionMissing: the permission is missing. OutOfReach: it is there, but not over this row.
    """
    require(by, permission)
    if row.pk not in selectors.keys_in_reach(by, permission, kind, type(row), [row.pk], day=day, at_work=at_work):
        refuse(permission, "row", OutOfReach(), kind=kind)


def require_at(by: User, permission: str, institution: Institution) -> None:
    """Nothing, when ``by`` holds ``permission`` at ``institution``, over all of it: for what has no row scope.

    Raises:
        PermissionMissing: the permission is missing. OutOfReach: it is held at another institution only.
    """
    require(by, permission)
    at = selectors.institutions_of(by, permission)
    if at is not None and institution.pk not in at:
        refuse(permission, "institution", OutOfReach())


def require_everywhere(by: User, permission: str) -> None:
    """Nothing, when ``by`` holds ``permission`` over the whole school: for what has no campus, such as roles and codes.

    Raises:
        PermissionMissing: the permission is missing. OutOfReach: it is held over a part of the school only.
    """
    require(by, permission)
    if not selectors.reaches_everything(by, permission):
        refuse(permission, "institution", OutOfReach())


Refusal = Callable[[str], SchoolOpsError]


def require_to_give(by: User, permission: str, held: Iterable[Held], refusal: Refusal) -> None:
    """Nothing, when ``by`` holds everything in ``held`` over all of the rows it may be used on.

    Nobody hands out, or gets hold of, what they do not have. Raises ``refusal(code)`` for the first one missing.
    """
    if code := lacking(by, held):
        refuse(permission, "user", refusal(code), beyond=code)


def lacking(user: User, held: Iterable[Held]) -> str:
    """The first permission in ``held`` that ``user`` does not hold over all of the rows it may be used on, or none."""
    for each in held:
        for code in sorted(each.permissions):
            at = selectors.institutions_of(user, code)
            if at is not None and each.institution_id not in at:
                return code
    return ""


def require_login(by: User, permission: str, user: User | None) -> None:
    """Nothing, when the login is one over which ``by`` holds ``permission``, or none: see ``logins_in_reach``.

    Raises:
        PermissionMissing; UserUnknown: as if there were none.
    """
    require(by, permission)
    if user is None:
        return
    reach = selectors.logins_in_reach(by, permission)
    if reach != Q() and not User.objects.filter(reach, pk=user.pk).exists():
        refuse(permission, "user", UserUnknown())


def require_over(by: User, permission: str, user: User) -> None:
    """Nothing, when ``by`` holds ``permission`` over the login and everything that it may do or will, or it is theirs.

    Raises:
        PermissionMissing, UserUnknown, BeyondYou.
    """
    require_login(by, permission, user)
    if by.pk != user.pk:
        require_to_give(by, permission, selectors.roles_ahead(user), lambda _: BeyondYou(name=str(user)))


def administrators() -> QuerySet[RoleAssignment]:
    """Who is administrator of the whole school for good, with a login that works. Locks, so that no two leave at once.

    Not among them: support, whose access ends, and whoever was invited and has not yet come.
    """
    Role.objects.select_for_update().get(code=ADMINISTRATOR)
    return RoleAssignment.objects.filter(
        Q(starts_on__isnull=True) | Q(starts_on__lte=school_today()),
        role__code=ADMINISTRATOR,
        institution__isnull=True,
        ends_on__isnull=True,
        user__is_active=True,
        user__access_until__isnull=True,
    ).exclude(user__password__startswith=UNUSABLE_PASSWORD_PREFIX)


def may_leave(user: User) -> None:
    """Nothing, when an administrator is left without ``user``. Raises ``LastAdministrator``."""
    there = set(administrators().values_list("user_id", flat=True))
    if there == {user.pk}:
        raise LastAdministrator


@stays
def is_the_last_administrator(person: Model) -> str:
    """Nobody could let anybody in any more."""
    try:
        if isinstance(person, User):
            may_leave(person)
    except LastAdministrator as refused:
        return refused.detail.rstrip(".")
    return ""


def is_staff(user: User) -> bool:
    """Whether ``user`` holds a role that is neither a guardian's nor a student's."""
    return any(held.scope not in FAMILY for held in selectors.roles_held(user))


def is_family(user: User) -> bool:
    """Whether ``user`` holds a role of a guardian's or a student's."""
    return any(held.scope in FAMILY for held in selectors.roles_held(user))


class _Gate:
    """What ``apps.institutions`` and ``apps.accounts``, below us, ask through their ``scopes``."""

    held = staticmethod(held)
    by_any = staticmethod(by_any)
    require = staticmethod(require)
    require_at = staticmethod(require_at)
    require_everywhere = staticmethod(require_everywhere)
    require_over = staticmethod(require_over)
    within_reach = staticmethod(within_reach)
    asked_reach = staticmethod(selectors.asked_reach)
    may_leave = staticmethod(may_leave)
    is_staff = staticmethod(is_staff)


institution_scopes.guarded_by(_Gate())
account_scopes.guarded_by(_Gate())


@guards_exports
def may_take_lists_away(user: User | AnonymousUser) -> None:
    """Raises ``PermissionMissing`` without ``exports.run``. A list that is open to strangers is theirs to take."""
    if isinstance(user, User):
        require(user, "exports.run")


@says_access
def access_under(user: User | AnonymousUser) -> str:
    """What ``user`` may do, as a number; the day, with which roles and assignments end; and whom they reach."""
    if not isinstance(user, User) or not school_or_none():
        return ""
    return f"{user.access_version} {school_today()} {selectors.reach_told(user)}"
