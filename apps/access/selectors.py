"""What a user may do, and which rows they reach."""

from __future__ import annotations

import datetime as dt
import functools
import operator
import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from django.db.models import Case, Model, Q, When

from apps.access.caches import PERMISSION_CONFIG, RBAC_PERMISSIONS, USER_ROLES, Access, Assigned, Configured, Held
from apps.access.errors import AssignmentUnknown, RoleUnknown
from apps.access.models import Role, RoleAssignment
from apps.access.permissions import ADMINISTRATOR, CODES, FAMILY, PERMISSIONS
from apps.accounts.models import User
from apps.institutions import selectors as institutions
from schoolops import clock
from schoolops.observability.metrics import RBAC_LATENCY
from schoolops.tenancy.compiled import DAY, KEY, Compiled, CompiledQ, Parameter, any_of, by_shape
from schoolops.tenancy.prepared import Statement

Kind = Literal["section", "class", "student"]
Scope = Callable[[User, dt.date], Q]
EVERYTHING = "everything"

Belongs = Callable[[Collection[int]], Q]
Tells = Callable[[User], str]

_scopes: dict[tuple[str, str], Scope] = {}
_belongs: list[Belongs] = []
_tells: list[Tells] = []


def row_scope(scope: str, kind: Kind) -> Callable[[Scope], Scope]:
    """Register which rows of ``kind`` a role of ``scope`` reaches: a ``Q`` over that model, for a user and a day.

    It compares both with columns, so that parameters do in their place: its subqueries are compiled once.
    """

    def register(function: Scope) -> Scope:
        user: Any = Parameter("user", KEY)
        at: Any = Parameter("day", DAY)
        compiled = CompiledQ(lambda: function(user, at))

        def reaches(user: User, day: dt.date) -> Q:
            return function(user, day) if isinstance(user, Parameter) else compiled(user=user.pk, day=day)

        _scopes[scope, kind] = reaches
        return function

    return register


def belongs_to_campus(function: Belongs) -> Belongs:
    """Register which logins are those of people of some campuses: a ``Q`` over users, for keys of institutions."""
    _belongs.append(function)
    return function


def roles_held(user: User) -> tuple[Held, ...]:
    """Every role ``user`` holds now, in one query or none, remembered on the user object (so for one request)."""
    known: tuple[Held, ...] | None = getattr(user, "_roles_held", None)
    if known is not None:
        return known
    with RBAC_LATENCY.timed():
        access = RBAC_PERMISSIONS.get(user.pk, user.access_version, load=lambda: _access_of(user.pk))
        # A role begins and ends with the school's day, so whoever asks for today afterwards need not ask again.
        institutions.remember_timezone(access.timezone)
        today = clock.today(access.timezone)
        answer = tuple(held for held in access.roles if held.on(today))
    user.__dict__["_roles_held"] = answer
    user.__dict__["_timezones"] = access.timezones or (access.timezone,)
    return answer


def roles_ahead(user: User) -> tuple[Held, ...]:
    """Every role ``user`` holds or will hold, read anew: what whoever has power over this login could become."""
    access = _access_of(user.pk)
    today = clock.today(access.timezone)
    return tuple(held for held in access.roles if held.ends_on is None or today < held.ends_on)


# Spelled out: building it as a queryset costs more than running it.
_ROLES_HELD = Statement("""
    WITH here AS (
        SELECT COALESCE((SELECT timezone FROM institutions_institution ORDER BY id LIMIT 1), 'UTC') AS timezone,
               ARRAY(SELECT DISTINCT timezone FROM institutions_institution ORDER BY timezone) AS timezones
    )
    SELECT here.timezone, here.timezones, r.code, r.scope, a.institution_id, array_agg(p.permission), r.name,
           i.sourced_id, a.starts_on, a.ends_on
      FROM here
      LEFT JOIN access_roleassignment a ON a.user_id = %(user)s::bigint
      LEFT JOIN access_role r ON r.id = a.role_id
      LEFT JOIN access_rolepermission p ON p.role_id = r.id
      LEFT JOIN institutions_institution i ON i.id = a.institution_id
     GROUP BY here.timezone, here.timezones, a.id, r.id, i.id
     ORDER BY a.id
""")


def _access_of(user_id: int) -> Access:
    rows = _ROLES_HELD.rows(user=user_id)
    return Access(
        rows[0][0],
        tuple(rows[0][1]),
        tuple(
            Held(role, scope, at, frozenset(CODES if role == ADMINISTRATOR else CODES.intersection(codes)), *rest)
            for _, _, role, scope, at, codes, *rest in rows
            if role is not None
        ),
    )


def permissions_of(user: User) -> frozenset[str]:
    """Every permission code ``user`` holds through any role."""
    return frozenset().union(*(held.permissions for held in roles_held(user)))


def rows_in_reach(
    user: User, permission: str, kind: Kind, *, day: dt.date | None = None, at_work: bool = False
) -> Q | None:
    """The rows of ``kind`` for which ``user`` holds ``permission``, as a ``Q`` over that model.

    ``at_work``: by roles that are neither a guardian's nor a student's.

    Who may look is decided by today, at each campus its own; ``day``, where a page or an address names one, can only
    narrow it to what was theirs on that day too. ``Q()`` is all of them; ``None`` means that the permission is missing
    altogether.
    """
    ways = _ways(user, permission, kind, at_work=at_work)
    if ways is None:
        return None
    reach = Q(pk__in=[])
    for scope, at in ways:
        within = Q() if scope == EVERYTHING else _as_of_today(_scopes[scope, kind], user, day)
        if at is not None:
            within &= Q(institution=at)
        if within == Q():
            return Q()
        reach = within if reach == Q(pk__in=[]) else reach | within
    return reach


def _ways(user: User, permission: str, kind: Kind, *, at_work: bool = False) -> list[tuple[str, int | None]] | None:
    """By which scopes, and at which institution alone, rows of ``kind`` are reached; ``None`` without permission."""
    held = [each for each in roles_held(user) if permission in each.permissions]
    if not held:
        return None
    ways = [
        (each.scope, each.institution_id) for each in held if each.scope == EVERYTHING or (each.scope, kind) in _scopes
    ]
    return [each for each in ways if each[0] not in FAMILY] if at_work else ways


def works_with(user: User, permission: str, kind: Kind) -> bool:
    """Whether ``user`` reaches any rows of ``kind`` by a role that is neither a guardian's nor a student's."""
    return bool(_ways(user, permission, kind, at_work=True))


@dataclass(frozen=True, slots=True)
class AskedReach:
    """The rows of ``kind`` that somebody reaches, as what a compiled statement takes: its shape, and its parameters.

    Each scope once, over the whole school or at a list of institutions: so there are as many shapes as the table of
    scopes allows, however many roles somebody is given.
    """

    kind: Kind
    scopes: tuple[tuple[str, bool], ...]
    narrowed: bool
    values: Mapping[str, Any]

    @property
    def everything(self) -> bool:
        """Whether it is every row: then there is no condition, and nothing to say."""
        return (EVERYTHING, False) in self.scopes

    @property
    def shape(self) -> Hashable:
        """What the statement depends on, beside its parameters."""
        return (self.kind, self.scopes, self.narrowed)

    def rows(self) -> Q:
        """The condition, of parameters that have their values in ``values``."""
        if self.everything:
            return Q()
        # A scope compares the user and the day with columns, so that parameters do in their place.
        user: Any = Parameter("reach-user", KEY)
        today: Any = Parameter("reach-today", DAY)
        day: Any = Parameter("reach-day", DAY)
        reach = Q(pk__in=[])
        for scope, limited in self.scopes:
            within = Q() if scope == EVERYTHING else _scopes[scope, self.kind](user, today)
            if self.narrowed and scope != EVERYTHING:
                within &= _scopes[scope, self.kind](user, day)
            if limited:
                within &= Q(any_of("institution", f"reach-at-{scope}"))
            reach |= within
        return reach


def asked_reach(
    user: User, permission: str, kind: Kind, *, day: dt.date | None = None, at_work: bool = False
) -> AskedReach | None:
    """What ``rows_in_reach`` says, for a compiled statement; ``None``, where that must be asked.

    Without the permission nobody reaches anything. Campuses that are in different days are few, and their number would
    be the statement's shape.
    """
    ways = _ways(user, permission, kind, at_work=at_work)
    if not ways:
        return None
    if (EVERYTHING, None) in ways:
        return AskedReach(kind, ((EVERYTHING, False),), narrowed=False, values={})
    todays = {clock.today(timezone) for timezone in user.__dict__["_timezones"]}
    if len(todays) > 1:
        return None
    (today,) = todays
    at_each: dict[str, set[int | None]] = {}
    for scope, at in ways:
        at_each.setdefault(scope, set()).add(at)
    scopes = tuple(sorted((scope, None not in at) for scope, at in at_each.items()))
    limits = {f"reach-at-{scope}": at_each[scope] for scope, limited in scopes if limited}
    return AskedReach(
        kind,
        scopes,
        narrowed=day is not None and day != today,
        values={"reach-user": user.pk, "reach-today": today, "reach-day": day, **limits},
    )


@dataclass(frozen=True, slots=True)
class AskedCampuses:
    """The campuses at which somebody holds ``permission``, as what a compiled statement takes.

    A selector that asks nothing else of a person takes it in their place.
    """

    permission: str
    limited: bool
    values: Mapping[str, Any]

    def rows(self, permission: str, path: str) -> Q:
        """The rows whose ``path`` leads to one of these campuses. Raises ``ValueError`` for another permission."""
        if permission != self.permission:
            raise ValueError(f"What was asked for {self.permission} does not answer for {permission}.")
        return Q(any_of(path, "reach-campuses")) if self.limited else Q()


def asked_campuses(user: User, permission: str) -> AskedCampuses:
    """``institutions_of`` for a compiled statement. Whether ``permission`` is held at all must have been asked."""
    at = institutions_of(user, permission)
    return AskedCampuses(permission, at is not None, {} if at is None else {"reach-campuses": sorted(at)})


def keys_in_reach(
    user: User,
    permission: str,
    kind: Kind,
    rows: type[Model],
    keys: Collection[int],
    *,
    day: dt.date | None = None,
    at_work: bool = False,
) -> frozenset[int]:
    """Those of ``keys`` of ``rows`` (the model of ``kind``) that ``rows_in_reach`` holds. None without the permission.

    No query for who holds it over the whole school, else one, compiled once for each set of scopes.
    """
    reach = asked_reach(user, permission, kind, day=day, at_work=at_work)
    if reach is None:
        found = rows_in_reach(user, permission, kind, day=day, at_work=at_work)
        if found is None or not keys or not _ways(user, permission, kind, at_work=at_work):
            return frozenset()
        return frozenset(rows._default_manager.filter(found, pk__in=keys).values_list("pk", flat=True))
    if reach.everything or not keys:
        return frozenset(keys)
    asked: Compiled[int] = by_shape(
        ("access.keys_in_reach", rows, reach.shape),
        lambda: rows._default_manager.filter(reach.rows(), any_of("pk", "keys")).values_list("pk", flat=True),
    )
    return frozenset(asked.all(keys=keys, **reach.values))


def reached_by_relation(user: User, kind: Kind) -> Q | None:
    """The rows of ``kind`` that are ``user``'s today as their teacher, say; ``None`` without such a role."""
    scopes = {held.scope for held in roles_held(user)} - {EVERYTHING}
    found = [
        _as_of_today(scope, user, None) for each in sorted(scopes) if (scope := _scopes.get((each, kind))) is not None
    ]
    return functools.reduce(operator.or_, found) if found else None


def tells_reach(function: Tells) -> Tells:
    """Register what tells whom ``user`` reaches today: a text, another one once it is somebody else."""
    _tells.append(function)
    return function


def reach_told(user: User) -> str:
    """All that was registered with ``tells_reach``, in one text."""
    return " ".join(tells(user) for tells in _tells)


def _as_of_today(scope: Scope, user: User, day: dt.date | None) -> Q:
    """What ``scope`` gives today, where the school's campuses are in different days each in its own."""
    days: dict[dt.date, list[str]] = {}
    for timezone in user.__dict__["_timezones"]:
        days.setdefault(clock.today(timezone), []).append(timezone)
    found = Q(pk__in=[])
    for today, timezones in days.items():
        within = scope(user, today)
        if day is not None and day != today:
            within &= scope(user, day)
        if len(days) == 1:
            return within
        found |= Q(institution__timezone__in=timezones) & within
    return found


def registered_scope(scope: str, kind: Kind) -> Scope | None:
    """What was registered for ``scope`` and ``kind``: so that a scope of students can be made of that of sections."""
    return _scopes.get((scope, kind))


def institutions_of(user: User, permission: str) -> frozenset[int] | None:
    """Keys of the institutions over all of which ``user`` holds ``permission``; ``None`` means every institution."""
    held = [each for each in roles_held(user) if permission in each.permissions and each.scope == EVERYTHING]
    if any(each.institution_id is None for each in held):
        return None
    return frozenset(each.institution_id for each in held if each.institution_id is not None)


def logins_in_reach(user: User, permission: str) -> Q:
    """The logins over which ``user`` holds ``permission``, as a ``Q`` over users.

    Who holds it over the whole school: all. Over a campus: those of its people, which are whoever holds a role there
    now or later, and whom the parts of the school that know people count there; and one's own. A login of nobody's
    campus, such as an administrator's or support's, is for who holds it over the whole school.
    """
    at = institutions_of(user, permission)
    if at is None:
        return Q()
    held = RoleAssignment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=institutions.school_today()), institution__in=at
    )
    found = Q(pk=user.pk) | Q(pk__in=held.values("user"))
    for belongs in _belongs:
        found |= belongs(at)
    return found


def permissions_everywhere(user: User) -> frozenset[str]:
    """Every permission code ``user`` holds over the whole school."""
    held = (each for each in roles_held(user) if each.scope == EVERYTHING and each.institution_id is None)
    return frozenset().union(*(each.permissions for each in held))


def reaches_everything(user: User, permission: str) -> bool:
    """Whether some role gives ``permission`` over the whole school, without row scope or institution."""
    return institutions_of(user, permission) is None


def permission_table(user: User) -> list[dict[str, Any]]:
    """Every permission ``user`` holds, with its sentence and over what: ``{"code", "sentence", "scopes"}``."""
    held = roles_held(user)
    return [
        {
            "code": permission.code,
            "sentence": permission.sentence,
            "scopes": _distinct(each for each in held if permission.code in each.permissions),
        }
        for permission in PERMISSIONS
        if any(permission.code in each.permissions for each in held)
    ]


def _distinct(held: Iterable[Held]) -> list[dict[str, Any]]:
    pairs = dict.fromkeys((each.scope, each.institution) for each in held)
    return [{"scope": scope, "institution_id": institution} for scope, institution in pairs]


def roles_table(user: User) -> list[dict[str, Any]]:
    """Every role ``user`` holds now: ``{"code", "name", "scope", "institution_id"}``."""
    return [
        {"code": each.role, "name": each.name, "scope": each.scope, "institution_id": each.institution}
        for each in roles_held(user)
    ]


def known_scopes() -> frozenset[str]:
    """Every row scope a role may have."""
    return frozenset({EVERYTHING, *(scope for scope, _ in _scopes)})


def role_by_id(sourced_id: uuid.UUID) -> Role:
    """The role with this public id. Raises ``RoleUnknown``."""
    role = Role.objects.filter(sourced_id=sourced_id).first()
    if role is None:
        raise RoleUnknown
    return role


def assignment_by_id(sourced_id: uuid.UUID) -> RoleAssignment:
    """The assignment with this public id. Raises ``AssignmentUnknown``."""
    found = RoleAssignment.objects.select_related("role", "user").filter(sourced_id=sourced_id).first()
    if found is None:
        raise AssignmentUnknown
    return found


def permissions_of_roles(roles: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Public id of a role → its permission codes in order, in one query or none. An administrator's are all of them."""
    configured = {role.id: role.permissions for role in PERMISSION_CONFIG.get(load=_configured)}
    return {role: list(configured.get(role, ())) for role in roles}


def _configured() -> tuple[Configured, ...]:
    found: dict[uuid.UUID, list[str]] = {}
    rows = Role.objects.order_by("id", "permissions__permission")
    for role, code, permission in rows.values_list("sourced_id", "code", "permissions__permission"):
        held = found.setdefault(role, sorted(CODES) if code == ADMINISTRATOR else [])
        if code != ADMINISTRATOR and permission in CODES:
            held.append(permission)
    return tuple(Configured(role, tuple(permissions)) for role, permissions in found.items())


def roles_of_users(users: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Key of a user → the roles assigned, past and future ones too, in one query or none."""
    found = USER_ROLES.get_many(users, load=_assigned)
    return {user: [msgspec.structs.asdict(each) for each in assigned] for user, assigned in found.items()}


def _assigned(users: Sequence[int]) -> dict[int, tuple[Assigned, ...]]:
    found: dict[int, list[Assigned]] = {each: [] for each in users}
    rows: Any = RoleAssignment.objects.filter(user__in=users).order_by("id")
    for user, *values in rows.values_list(
        "user_id",
        "sourced_id",
        "role__code",
        "role__name",
        "role__scope",
        "institution__sourced_id",
        "starts_on",
        "ends_on",
    ):
        found[user].append(Assigned(*values))
    return {user: tuple(assigned) for user, assigned in found.items()}


# More names than these help nobody who looks for one of them.
MOST_HOLDERS = 5


def holders_of(permission: str, *, institution: int) -> list[str]:
    """Names of people who hold ``permission`` over all of this institution now: whom to ask. At most five."""
    today = institutions.school_today()
    held = RoleAssignment.objects.filter(
        Q(role__permissions__permission=permission) | Q(role__code=ADMINISTRATOR),
        Q(institution=None) | Q(institution=institution),
        Q(starts_on=None) | Q(starts_on__lte=today),
        Q(ends_on=None) | Q(ends_on__gt=today),
        role__scope=EVERYTHING,
        user__is_active=True,
        user__access_until=None,
    ).select_related("user")
    # Who holds it by name before who may do everything: a head is nearer than the administrator.
    ordered = held.order_by(Case(When(role__code=ADMINISTRATOR, then=1), default=0), "id")
    return list(dict.fromkeys(str(each.user) for each in ordered[: 4 * MOST_HOLDERS]))[:MOST_HOLDERS]
