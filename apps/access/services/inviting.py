"""People on the books are let in by e-mail, many at once. Who has a login is passed over, so again does no harm."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.lookups import Exact

from apps.access.errors import NotToBeInvited, PeopleChangedSince, RoleBeyondYou, RoleUnknown
from apps.access.events import Invited
from apps.access.models import Role, RoleAssignment
from apps.access.services.gate import require_everywhere, require_over
from apps.access.services.people import MANAGE
from apps.access.services.roles import expect_to_give, put_in_role, roles_within
from apps.accounts import services as accounts
from apps.accounts.errors import EmailTaken
from apps.accounts.models import User, is_reserved
from apps.accounts.selectors import user_by_id
from schoolops import events, queues
from schoolops.errors import SchoolOpsError, Unavailable
from schoolops.folding import Fold, fold


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom many invitations are for: staff, guardians.

    ``rows()`` have ``user``, ``email``, ``given_name`` and ``family_name``; ``manages`` is the permission to change
    them, ``of_user`` what leads from a login to its row, and ``link(row, user, by)`` the service that joins the two.
    ``invited``: the event by which a worker is told.
    """

    manages: str
    of_user: str
    rows: Callable[[], QuerySet[Any]]
    link: Callable[[Any, User, User], Any]
    invited: type[Invited]


@dataclass(frozen=True, slots=True)
class Uninvited:
    """Who has no login: those who can be invited, those without an address, those whose address another login has."""

    ready: QuerySet[Any]
    without_email: QuerySet[Any]
    email_taken: QuerySet[Any]


def uninvited(audience: Audience, *, by: User) -> Uninvited:
    """Who of ``audience`` has no login. Raises ``PermissionMissing``, ``OutOfReach``: of the whole school."""
    _require(audience, by)
    outside = audience.rows().filter(user__isnull=True)
    taken = Exists(
        User.objects.filter(~_theirs(OuterRef("given_name"), OuterRef("family_name"), audience))
        .alias(_email=Fold("email"))
        .filter(_email=Fold(OuterRef("email")))
    )  # fmt: skip
    reached = outside.exclude(email="")
    return Uninvited(reached.exclude(taken), outside.filter(email=""), reached.filter(taken))


def _theirs(given_name: Any, family_name: Any, audience: Audience) -> Q:
    """A login that is this person's, whom the school knows as something else already: a teacher who is a parent."""
    return Q(
        is_active=True,
        access_until__isnull=True,
        **{f"{audience.of_user}__isnull": True},
    ) & Q(Exact(Fold("given_name"), Fold(given_name)), Exact(Fold("family_name"), Fold(family_name)))


def _require(audience: Audience, by: User) -> None:
    require_everywhere(by, MANAGE)
    require_everywhere(by, audience.manages)


@transaction.atomic
def begin_inviting(audience: Audience, *, role: str, people: int, by: User) -> None:
    """Let a worker invite everybody who can be invited, in the role with this code; ``people``: how many they are.

    Raises:
        PermissionMissing, OutOfReach, NotYoursToGive, RoleUnknown, PeopleChangedSince.
    """
    there = uninvited(audience, by=by).ready.count()
    expect_to_give([RoleAssignment(role=_role(role), institution=None)], permission=MANAGE, by=by)
    if there != people:
        raise PeopleChangedSince(count=there)
    events.publish(audience.invited(role, by.sourced_id))


@dataclass(frozen=True, slots=True)
class Invitation:
    """What would become of somebody who was chosen: in which role, with the login that they have; or why nothing."""

    row: Any
    role: Role | None
    login: User | None
    refusal: SchoolOpsError | None


def look_at_invitations(audience: Audience, *, roles: Mapping[int, str], by: User) -> list[Invitation]:
    """What ``invite_many`` would make of these: person (by key) → code of a role. Constant queries.

    Raises ``PermissionMissing``, ``OutOfReach``: they are of the whole school.
    """
    ready = {row.pk: row for row in uninvited(audience, by=by).ready.filter(pk__in=roles)}
    rows = {row.pk: row for row in audience.rows().filter(pk__in=roles)}
    known = {role.code: role for role in Role.objects.filter(code__in={*roles.values()})}
    given = {role.code for role in roles_within(by, known.values())}
    emails = {fold(row.email) for row in ready.values()}
    logins = User.objects.alias(_email=Fold("email")).filter(_email__in=emails) if emails else ()
    by_email = {fold(user.email): user for user in logins}
    found = []
    for pk, row in sorted(rows.items(), key=lambda each: str(each[1])):
        role = known.get(roles[pk])
        refusal: SchoolOpsError | None = None
        if pk not in ready:
            refusal = NotToBeInvited(name=str(row))
        elif role is None:
            refusal = RoleUnknown()
        elif role.code not in given:
            refusal = RoleBeyondYou(role=role.name)
        found.append(Invitation(row, role, by_email.get(fold(row.email)), refusal))
    return found


@transaction.atomic
def begin_inviting_chosen(audience: Audience, *, roles: Mapping[int, str], by: User) -> None:
    """Let a worker invite these (by key), each in the role with this code. Raises why the first may not be invited.

    Raises:
        PermissionMissing, OutOfReach, NotToBeInvited, RoleUnknown, RoleBeyondYou, PeopleChangedSince.
    """
    looked = look_at_invitations(audience, roles=roles, by=by)
    for each in looked:
        if each.refusal is not None:
            raise each.refusal
    if len(looked) != len(roles) or not roles:
        raise PeopleChangedSince(count=len(looked))
    events.publish(audience.invited("", by.sourced_id, tuple(sorted(roles.items()))))


def _role(code: str) -> Role:
    found = Role.objects.filter(code=code).first()
    if found is None:
        raise RoleUnknown
    return found


def invite_many(
    audience: Audience, *, role: str = "", roles: Mapping[int, str] | None = None, by_id: UUID
) -> dict[str, int]:
    """Let everybody in who can be, each in a transaction of their own; killed half-way, again goes on from there.

    ``by_id``: the public id of who invites. ``roles``: of them these alone, each in a role of their own: person by
    key → code.

    Whom something speaks against is left out, and stops nobody else.

    Raises:
        PermissionMissing, OutOfReach, RoleUnknown.
        Unavailable: something that is needed is away; call it again.
    """
    by = user_by_id(by_id)
    ready = uninvited(audience, by=by).ready
    people = list((ready if roles is None else ready.filter(pk__in=roles)).order_by("pk").values_list("pk", flat=True))
    codes = dict.fromkeys(people, role) if roles is None else roles
    given, invited, left_out = {code: _role(code) for code in ({role} if roles is None else {*roles.values()})}, 0, 0
    for done, pk in enumerate(people, start=1):
        try:
            invited += _let_in(audience, pk, given[codes[pk]], by)
        except Unavailable:
            # Nobody's fault and over soon: the next try goes on here, and leaves nobody out.
            raise
        except SchoolOpsError:
            # They stand on the page, still without a login.
            left_out += 1
        queues.progress(done, len(people))
    with queues.finishing():
        return {"invited": invited, "left_out": left_out}


@transaction.atomic
def _let_in(audience: Audience, pk: int, role: Role, by: User) -> bool:
    row = audience.rows().select_for_update(of=("self",)).filter(pk=pk, user__isnull=True).exclude(email="").first()
    if row is None:
        return False
    user = User.objects.known_as(row.email).first()
    if user is None:
        names = {"given_name": row.given_name, "family_name": row.family_name}
        details = {**names, "email": row.email, "language": getattr(row, "language", "")}
        user = accounts.create_user(username=_free_username(row.email), by=by, **details)
    elif not User.objects.filter(_theirs(Value(row.given_name), Value(row.family_name), audience), pk=user.pk).exists():
        raise EmailTaken(email=row.email)
    else:
        require_over(by, MANAGE, user)
    expect_to_give([RoleAssignment(user=user, role=role, institution=None)], permission=MANAGE, by=by)
    put_in_role(user=user, role=role, institution=None, by=by)
    audience.link(row, user, by)
    # Who has chosen a password has no use for a letter.
    if not user.has_usable_password():
        accounts.invite(user=user, by_mail=True, by=by)
    return True


def _free_username(email: str) -> str:
    """What stands before the @, with a number where somebody has it."""
    base = re.sub(r"[^\w.-]", "", fold(email.partition("@")[0]))[:100] or "user"
    if is_reserved(base):
        base = f"user.{base}"
    held = User.objects.alias(_username=Fold("username")).filter(_username__startswith=base)
    taken = {fold(each) for each in held.values_list("username", flat=True)}
    numbered = (f"{base}{number}" for number in count(2))
    return next(each for each in chain((base,), numbered) if each not in taken)
