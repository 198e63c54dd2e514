"""The life of a login: made, changed, ended for a while, left behind. Its row stays, for the trail names it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from apps.accounts import scopes
from apps.accounts.errors import (
    EmailTaken,
    PolicyChangedMeanwhile,
    SupportHasNoPassword,
    UsernameMalformed,
    UsernameReserved,
    UsernameTaken,
)
from apps.accounts.models import SUPPORT_PREFIX, AccountPolicy, User, is_reserved
from apps.accounts.selectors import supported_language
from apps.accounts.services import second_factor, tokens
from apps.accounts.services.links import Handed, end_links, hand_out_link
from schoolops import clock
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM, Actor
from schoolops.constraints import explains
from schoolops.context import outside_schools
from schoolops.errors import FieldError
from schoolops.folding import fold

MANAGE = "accounts.manage"
DETAILS = ("email", "given_name", "family_name", "language")


def _named(username: str, email: str) -> dict[str, Any]:
    return {
        "user_username_ci": lambda: UsernameTaken(username=username),
        "user_email_ci": lambda: EmailTaken(email=email),
    }


@transaction.atomic
def create_user(
    *, username: str, by: Actor, email: str = "", given_name: str = "", family_name: str = "", language: str = ""
) -> User:
    """A login that cannot be used before a link was redeemed. Whoever calls has asked for permission.

    Raises:
        UsernameMalformed, UsernameReserved, UsernameTaken, EmailTaken.
    """
    if not fold(username) or "@" in fold(username) or any(each.isspace() for each in username):
        raise UsernameMalformed(errors=[FieldError("username", "invalid", UsernameMalformed.sentence())])
    if is_reserved(username):
        raise UsernameReserved(prefix=SUPPORT_PREFIX)
    return _made(
        username=username, by=by, email=email, given_name=given_name, family_name=family_name, language=language
    )


def _made(*, username: str, by: Actor, **details: str) -> User:
    email = details.get("email", "")
    user = User(username=username, **details)
    user.set_unusable_password()
    with explains(_named(username, email)):
        user.save(force_insert=True)
    trail.record(by, "accounts.user-created", user, after={"username": username, "email": email})
    return user


@transaction.atomic
def change_user(*, user: User, details: dict[str, str], by: User, reason: str = "") -> User:
    """Change e-mail, names or language.

    Raises:
        PermissionMissing, UserUnknown, BeyondYou. EmailTaken.
    """
    scopes.gate().require_over(by, MANAGE, user)
    before, after = trail.changed(user, {name: value for name, value in details.items() if name in DETAILS})
    if not after:
        return user
    for name, value in after.items():
        setattr(user, name, value)
    with explains(_named(user.username, user.email)):
        user.save(update_fields=list(after))
    if "email" in after:
        # A link that went to the old address must not open the login.
        user.links.end()
    trail.record(by, "accounts.user-changed", user, before=before, after=after, reason=reason)
    return user


@transaction.atomic
def choose_language(*, language: str, by: User) -> None:
    """Remember which language ``by`` reads, for pages and mails. One that we do not speak changes nothing."""
    spoken = supported_language(language)
    if not spoken or by.language == spoken:
        return
    before, by.language = by.language, spoken
    by.save(update_fields=["language"])
    trail.record(by, "accounts.language-chosen", by, before={"language": before}, after={"language": spoken})


@transaction.atomic
def deactivate_user(*, user: User, by: User, reason: str = "") -> User:
    """Somebody has left: no login works any more, what they did stays theirs. Doing it twice changes nothing.

    Raises:
        PermissionMissing, UserUnknown, BeyondYou; LastAdministrator: somebody must be left who can let others in.
    """
    scopes.gate().require_over(by, MANAGE, user)
    if not user.is_active:
        return user
    scopes.gate().may_leave(user)
    user.is_active = False
    user.deactivated_at = clock.now()
    user.save(update_fields=["is_active", "deactivated_at"])
    user.links.end()
    ended = tokens.end_logins(user, because="deactivated")
    trail.record(by, "accounts.user-deactivated", user, after={"logins_ended": ended}, reason=reason)
    return user


@transaction.atomic
def activate_user(*, user: User, by: User, reason: str = "") -> User:
    """Somebody is back. Doing it twice changes nothing.

    Raises:
        PermissionMissing, UserUnknown, BeyondYou.
    """
    scopes.gate().require_over(by, MANAGE, user)
    if not user.is_active:
        user.is_active = True
        user.deactivated_at = None
        user.save(update_fields=["is_active", "deactivated_at"])
        trail.record(by, "accounts.user-activated", user, reason=reason)
    return user


@transaction.atomic
def end_logins_of(*, user: User, by: User, reason: str = "") -> int:
    """End every login of somebody else; returns how many.

    Raises:
        PermissionMissing, UserUnknown, BeyondYou.
    """
    scopes.gate().require_over(by, MANAGE, user)
    ended = tokens.end_logins(user, because="ended by the office")
    trail.record(by, "accounts.logins-ended", user, after={"logins": ended}, reason=reason)
    return ended


BEGUN_ANEW = "accounts.begun-anew"


def begin_anew(*, user: User, by: Actor) -> None:
    """Whatever opened this login opens it no more: it is let in by a new link. In the caller's transaction, who asked.

    For a login that is about to do more than whoever may know its password.
    """
    user.set_unusable_password()
    user.save(update_fields=["password"])
    second_factor.forget(user)
    end_links(user)
    ended = tokens.end_logins(user, because="begun anew")
    trail.record(by, BEGUN_ANEW, user, after={"logins_ended": ended})


@transaction.atomic
def require_new_password(*, user: User, by: User, reason: str = "") -> None:
    """Somebody else may know the password: every login ends, and the next one can do nothing but choose another.

    Raises:
        PermissionMissing, UserUnknown, BeyondYou, SupportHasNoPassword.
    """
    scopes.gate().require_over(by, MANAGE, user)
    if user.is_support:
        raise SupportHasNoPassword
    user.must_change_password = True
    user.save(update_fields=["must_change_password"])
    ended = tokens.end_logins(user, because="a new password is asked for")
    trail.record(by, "accounts.new-password-required", user, after={"logins_ended": ended}, reason=reason)


@transaction.atomic
def reset_second_factor(*, user: User, by: User) -> None:
    """Somebody lost phone and recovery codes: they log in with the password and set it up anew.

    Raises:
        PermissionMissing, UserUnknown, BeyondYou.
    """
    scopes.gate().require_over(by, MANAGE, user)
    second_factor.forget(user)
    tokens.end_logins(user, because="second factor reset")
    trail.record(by, "accounts.second-factor-reset", user)


@transaction.atomic
def change_policy(*, staff_need_totp: bool, expected_version: int | None, by: User) -> AccountPolicy:
    """Say whether staff need a second factor. It holds from each login's next refresh on, 15 minutes at most.

    Raises:
        PermissionMissing, OutOfReach, PolicyChangedMeanwhile.
    """
    scopes.gate().require_everywhere(by, "access.manage")
    AccountPolicy.objects.bulk_create([AccountPolicy()], ignore_conflicts=True)
    policy = AccountPolicy.objects.select_for_update().get()
    if expected_version is not None and policy.version != expected_version:
        raise PolicyChangedMeanwhile
    if policy.staff_need_totp != staff_need_totp:
        trail.record(
            by,
            "accounts.policy-changed",
            policy,
            before={"staff_need_totp": policy.staff_need_totp},
            after={"staff_need_totp": staff_need_totp},
        )
        policy.staff_need_totp = staff_need_totp
        policy.version += 1
        policy.save()
    return policy


@transaction.atomic
def let_support_in(*, operator: str, name: str, until: dt.datetime, by: Actor) -> User:
    """The login through which ``operator`` works in this school until ``until``; its older logins end.

    Whoever calls has made the grant. Raises ``UsernameTaken``: somebody of the school is called so.
    """
    username = f"{SUPPORT_PREFIX}{operator}"
    user = User.objects.known_as(username).select_for_update().first()
    if user is None:
        user = _made(username=username, by=by, given_name=name, family_name="(support)")
    elif user.has_usable_password():
        raise UsernameTaken(username=username)
    tokens.end_logins(user, because="support let in anew")
    user.is_active, user.deactivated_at, user.access_until = True, None, until
    user.save(update_fields=["is_active", "deactivated_at", "access_until"])
    return user


@transaction.atomic
def show_support_out(*, user: User) -> int:
    """End the access of support at once; returns how many logins ended."""
    user.access_until = clock.now()
    user.save(update_fields=["access_until"])
    return tokens.end_logins(user, because="support ended")


def create_operator(*, username: str, email: str, given_name: str, family_name: str) -> Handed:
    """An operator of the platform, outside all schools; the link sets the password. Only a command calls this.

    Raises:
        UsernameMalformed, UsernameReserved, UsernameTaken, EmailTaken.
    """
    with outside_schools(), transaction.atomic():
        user = create_user(username=username, email=email, given_name=given_name, family_name=family_name, by=SYSTEM)
        return hand_out_link(user=user, by=SYSTEM)


# Row by row in the order of keys, so that two who change roles of the same people wait rather than deadlock.
_RAISE = """
    UPDATE accounts_user u SET access_version = u.access_version + 1
      FROM (SELECT id FROM accounts_user WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE) changed
     WHERE u.id = changed.id
"""


def raise_access_version(users: Iterable[int]) -> None:
    """Void what is cached of what these users (keys) may do, in the caller's transaction, which changes it."""
    if keys := sorted(set(users)):
        with connection.cursor() as cursor:
            cursor.execute(_RAISE, [keys])
