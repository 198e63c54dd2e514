"""Operators in a school: let in by a grant that says why and until when, and never otherwise.

An operator's own login is worth nothing at a school's address. A grant makes a user of the school, ``support-<name>``,
without a password, whose access ends by itself; the school reads all of it in its own trail.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.access.errors import (
    NoSupportGrant,
    OperatorUnknown,
    SupportNameTaken,
    SupportNeedsAReason,
    SupportTooLong,
)
from apps.access.events import RolesGiven
from apps.access.models import Role, RoleAssignment
from apps.access.permissions import SUPPORT
from apps.access.services.roles import put_in_role
from apps.accounts import services as accounts
from apps.accounts.errors import UsernameTaken
from apps.accounts.models import SUPPORT_PREFIX, User
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.context import current_school, inside, outside_schools
from schoolops.folding import Fold, fold
from schoolops.tenancy import lifecycle
from schoolops.tenancy.errors import WrongState
from schoolops.tenancy.models import LONGEST_SUPPORT, School, SupportGrant
from schoolops.tenancy.resolution import web_address

# What both trails say of an end that support chose itself.
ENDED_BY_THEMSELVES = "ended by support itself"


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator as the actor in a trail, the school's one too, where no such user exists."""

    sourced_id: UUID
    username: str

    @property
    def audit_id(self) -> str:
        return str(self.sourced_id)

    @property
    def audit_name(self) -> str:
        return f"{self.username} (operator)"


@dataclass(frozen=True, slots=True)
class LetIn:
    """What the operator needs, shown once, to begin before ``ends_at``.

    ``link`` opens the school's office in a browser, once, until ``link_until``; ``refresh_token`` is exchanged for a
    login over the API of ``address``.
    """

    username: str
    refresh_token: str
    link: str
    link_until: dt.datetime
    address: str
    ends_at: dt.datetime


def _operator(username: str) -> Operator:
    user = User.objects.known_as(username).first()
    if user is None or not user.may_log_in(clock.now()):
        raise OperatorUnknown(operator=username)
    return Operator(user.sourced_id, user.username)


def grant_support(*, slug: str, operator: str, reason: str, minutes: int) -> LetIn:
    """Let ``operator`` into the school ``slug`` for so many minutes, 480 at most. Ends an earlier grant of theirs.

    Raises:
        SchoolNotFound, WrongState; OperatorUnknown; SupportNeedsAReason, SupportTooLong, SupportNameTaken.
    """
    most = int(LONGEST_SUPPORT.total_seconds() // 60)
    if not 1 <= minutes <= most:
        raise SupportTooLong(most=most)
    if not reason.strip():
        raise SupportNeedsAReason
    school = lifecycle.get_school(slug)
    if not school.is_active:
        raise WrongState(slug=slug, state=school.state)
    now = clock.now()
    ends_at = now + dt.timedelta(minutes=minutes)
    said = {"school": slug, "until": ends_at, "minutes": minutes}
    # One transaction over both places, so that neither trail says what the other does not.
    with transaction.atomic():
        with outside_schools():
            who = _operator(operator)
            _open_grants(school, who).update(revoked_at=now)
            grant = SupportGrant.objects.create(
                school=school,
                operator_id=who.sourced_id,
                operator=who.username,
                reason=reason.strip(),
                starts_at=now,
                ends_at=ends_at,
            )
            trail.record(who, "access.support-granted", grant, after=said, reason=grant.reason)
        with inside(school):
            user = _seat(who, until=ends_at)
            issued = accounts.open_login(user, label=f"support: {who.username}")
            handed = accounts.hand_support_in(user=user)
            trail.record(who, "access.support-let-in", user, after=said, reason=grant.reason)
    return LetIn(user.username, issued.refresh_token, handed.link, handed.expires_at, web_address(school), ends_at)


def _seat(who: Operator, *, until: dt.datetime) -> User:
    try:
        user = accounts.let_support_in(operator=who.username, name=who.username, until=until, by=who)
    except UsernameTaken as taken:
        raise SupportNameTaken(username=taken.facts["username"]) from taken
    # Exactly the role of support, whatever this login was given the last time.
    RoleAssignment.objects.filter(user=user).exclude(role__code=SUPPORT).delete()
    events.publish(RolesGiven((user.pk,)))
    put_in_role(user=user, role=Role.objects.get(code=SUPPORT), institution=None, by=who)
    return user


def _open_grants(school: School, who: Operator) -> QuerySet[SupportGrant]:
    return SupportGrant.objects.filter(
        school=school, operator_id=who.sourced_id, revoked_at__isnull=True, ends_at__gt=clock.now()
    )


def end_own_support(*, by: User) -> int:
    """End the access of ``by``, who is support in the current school, as it ends itself; see ``revoke_support``.

    Raises:
        NoSupportGrant: ``by`` is not support, or the grant is over.
    """
    operator, school = by.username[len(SUPPORT_PREFIX) :], current_school()
    if not by.is_support:
        raise NoSupportGrant(operator=by.username, school=school.slug)
    return revoke_support(slug=school.slug, operator=operator, reason=ENDED_BY_THEMSELVES)


def revoke_support(*, slug: str, operator: str, reason: str = "") -> int:
    """End the access of ``operator`` to the school ``slug`` at once; returns how many logins ended.

    Raises:
        SchoolNotFound, NoSupportGrant.
    """
    school = lifecycle.get_school(slug)
    with transaction.atomic():
        with outside_schools():
            grant = (
                SupportGrant.objects.select_for_update(of=("self",))
                .alias(_operator=Fold("operator"))
                .filter(school=school, _operator=fold(operator), revoked_at__isnull=True, ends_at__gt=clock.now())
                .first()
            )
            if grant is None:
                raise NoSupportGrant(operator=operator, school=slug)
            grant.revoked_at = clock.now()
            grant.save(update_fields=["revoked_at"])
            who = Operator(grant.operator_id, grant.operator)
            trail.record(who, "access.support-revoked", grant, after={"school": slug}, reason=reason)
        with inside(school):
            user = User.objects.known_as(f"support-{grant.operator}").get()
            ended = accounts.show_support_out(user=user)
            trail.record(who, "access.support-shown-out", user, after={"logins_ended": ended}, reason=reason)
    return ended
