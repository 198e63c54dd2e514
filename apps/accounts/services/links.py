"""One-time links: to set a first password, to get back in for whoever forgot theirs, and to come in as support."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

from apps.accounts import scopes
from apps.accounts.errors import LinkNotValid, NoEmail, SupportHasNoPassword, UserInactive
from apps.accounts.events import InvitedByMail
from apps.accounts.models import OneTimeLink, User
from apps.accounts.selectors import language_of
from apps.accounts.services import passwords, tokens
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM, Actor
from schoolops.context import school_or_none
from schoolops.tenancy.resolution import web_address

Purpose = OneTimeLink.Purpose
LIFETIMES = {
    Purpose.INVITE: dt.timedelta(days=7),
    Purpose.RESET: dt.timedelta(hours=1),
    # From the operators' page into the school's, by the same person: no letter carries it.
    Purpose.SUPPORT: dt.timedelta(minutes=10),
}
_KINDS = {Purpose.INVITE: "i", Purpose.RESET: "p", Purpose.SUPPORT: "s"}
# Which page takes a link's secret. Whoever is support has no password to set.
_PAGES = {Purpose.INVITE: "redeem", Purpose.RESET: "redeem", Purpose.SUPPORT: "support"}


@dataclass(frozen=True, slots=True)
class Handed:
    """A link as it is handed out, this once: the secret itself, the address that carries it, and its end."""

    token: str
    link: str
    expires_at: dt.datetime


def _make(user: User, purpose: Purpose) -> Handed:
    now = clock.now()
    # What the office hands out ends the older ones: the letter that was lost opens nothing. Anybody can ask for a reset
    # by typing a name, so that ends none: else a stranger could end each link before its owner has opened it.
    if purpose != Purpose.RESET:
        user.links.end()
    secret = tokens.new_token(_KINDS[purpose])
    made = OneTimeLink.objects.create(
        user=user,
        purpose=purpose,
        digest=tokens.digest_of(secret),
        created_at=now,
        expires_at=min(now + LIFETIMES[purpose], user.access_until or now + LIFETIMES[purpose]),
    )
    # Behind the #, so that it reaches no server's log.
    # No letter carries support's: that page speaks as their browser does.
    spoken = "" if purpose == Purpose.SUPPORT else _spoken(user)
    link = f"{web_address(school_or_none())}/{_PAGES[purpose]}{spoken}#{secret}"
    return Handed(token=secret, link=link, expires_at=made.expires_at)


def _spoken(user: User) -> str:
    """So that the page speaks as the letter does, whatever the browser does. Nothing, where nobody said a language."""
    language = language_of(user)
    return f"?language={language}" if user.language or language != settings.LANGUAGE_CODE else ""


def end_links(user: User) -> int:
    """No link made until now sets a password of ``user``; returns how many could. One for support stays."""
    ended: int = user.links.exclude(purpose=Purpose.SUPPORT).end()
    return ended


@transaction.atomic
def hand_out_link(*, user: User, by: Actor) -> Handed:
    """A link for ``user`` to set a password, valid for seven days, to be printed or handed over.

    Whoever calls has asked for permission. Raises ``UserInactive``, ``SupportHasNoPassword``.
    """
    _expect_active(user)
    handed = _make(user, Purpose.INVITE)
    trail.record(by, "accounts.link-handed-out", user, after={"expires_at": handed.expires_at})
    return handed


@transaction.atomic
def invite(*, user: User, by_mail: bool, by: User) -> Handed | None:
    """Let ``user`` set a password: by a link to hand over (returned), or by e-mail (``None``).

    Raises:
        PermissionMissing, BeyondYou: see ``scopes.Gate``. UserInactive, NoEmail.
    """
    scopes.gate().require_over(by, "accounts.manage", user)
    if not by_mail:
        return hand_out_link(user=user, by=by)
    mail_link(user=user, by=by)
    return None


@transaction.atomic
def mail_link(*, user: User, by: Actor) -> None:
    """The link of ``hand_out_link`` by e-mail. Whoever calls has asked for permission.

    Raises ``UserInactive``, ``SupportHasNoPassword``, ``NoEmail``.
    """
    _expect_active(user)
    if not user.email:
        raise NoEmail(name=str(user))
    events.publish(InvitedByMail(user_id=user.pk))
    trail.record(by, "accounts.invited-by-mail", user, after={"email": user.email})


def _expect_active(user: User) -> None:
    if user.is_support:
        raise SupportHasNoPassword
    if not user.may_log_in(clock.now()):
        raise UserInactive(name=str(user))


def hand_support_in(*, user: User) -> Handed:
    """The link by which support begins in a browser, in the caller's transaction, which made the grant."""
    return _make(user, Purpose.SUPPORT)


def come_in_as_support(*, token: str) -> User:
    """Use up the link of an operator who was let in; the caller begins the session.

    Raises:
        LinkNotValid: unknown here, used, replaced or expired, the grant is over, or its logins were ended since.
    """
    with transaction.atomic():
        link = _locked(token, Purpose.SUPPORT)
        if link.user.logins_ended_at is not None and link.created_at < link.user.logins_ended_at:
            # The school has shown support out; this link was a way back in.
            raise LinkNotValid
        link.used_at = clock.now()
        link.save(update_fields=["used_at"])
        trail.record(link.user, "accounts.support-came-in", link.user, after={"until": link.user.access_until})
        return link.user


def _locked(token: str, *purposes: Purpose) -> OneTimeLink:
    """The link with this secret, good for one of ``purposes``, held until the transaction ends.

    Raises ``LinkNotValid``.
    """
    now = clock.now()
    good = OneTimeLink.objects.filter(used_at__isnull=True, expires_at__gt=now, purpose__in=purposes)
    link: OneTimeLink | None = (
        good.select_for_update(of=("self",)).select_related("user").filter(digest=tokens.digest_of(token)).first()
    )
    if link is None or not link.user.may_log_in(now):
        raise LinkNotValid
    return link


def redeem_link(*, token: str, password: str) -> User:
    """Set the password that a link is for. The link is used up, and every login of the user ends.

    Raises:
        LinkNotValid: unknown here, used, replaced or expired. PasswordTooWeak: the link stays good.
    """
    with transaction.atomic():
        link = _locked(token, Purpose.INVITE, Purpose.RESET)
        passwords.set_password(link.user, password)
        ended = tokens.end_logins(link.user, because="password set by link")
        trail.record(link.user, f"accounts.{link.purpose}-redeemed", link.user, after={"logins_ended": ended})
        return link.user


def reset_letter(*, login: str) -> EmailMessage | None:
    """The letter with a link for whoever has ``login``, an address and access; nobody: ``None``.

    Its link is committed: only then may it be sent.
    """
    user = User.objects.known_as(login).exclude(email="").first()
    # An unusable password belongs to somebody not yet invited, or to support: neither has one to forget.
    if user is None or not user.may_log_in(clock.now()) or not user.has_usable_password():
        return None
    return _written(user, Purpose.RESET)


def invitation_letter(*, user_id: int) -> EmailMessage | None:
    """The letter that invites this user, when there still is an address and access. Its link is committed."""
    user = User.objects.exclude(email="").filter(pk=user_id).first()
    return _written(user, Purpose.INVITE) if user is not None and user.may_log_in(clock.now()) else None


_SUBJECTS = {
    Purpose.INVITE: gettext_noop("Your login for {school}"),
    Purpose.RESET: gettext_noop("A new password for {school}"),
}
_TEXT = gettext_noop("""Hello {name},

{why} Open this link and choose a password:

{link}

It works once, until {until} UTC. Your username is {username}.

If you did not expect this, you need not do anything: without the link nothing changes.

{school}
""")
_WHY = {
    Purpose.INVITE: gettext_noop("{school} has made a login for you."),
    Purpose.RESET: gettext_noop("Somebody, we hope you, asked for a new password."),
}


def _written(user: User, purpose: Purpose) -> EmailMessage:
    with transaction.atomic(durable=True):
        handed = _make(user, purpose)
        trail.record(SYSTEM, f"accounts.{purpose}-mailed", user, after={"email": user.email})
    with translation.override(language_of(user)):
        return _letter(user, purpose, handed)


def _letter(user: User, purpose: Purpose, handed: Handed) -> EmailMessage:
    school = getattr(school_or_none(), "name", "SchoolOps")
    return EmailMessage(
        subject=gettext(_SUBJECTS[purpose]).format(school=school),
        body=gettext(_TEXT).format(
            name=str(user),
            why=gettext(_WHY[purpose]).format(school=school),
            link=handed.link,
            until=date_format(handed.expires_at, "DATETIME_FORMAT"),
            username=user.username,
            school=school,
        ),
        to=[user.email],
    )
