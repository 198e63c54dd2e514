"""Opaque tokens: ``so_<a|r>_<school>_<256 bits, base 62>_<check>``. Only the SHA-256 is stored, in the school's schema.

An access token lives 15 minutes. A refresh token lives 14 days and is used once: using it again ends the whole login
(OAuth 2.0 Security Best Current Practice, RFC 9700 section 4.14.2).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from apps.accounts.errors import (
    LoginRefused,
    RefreshTokenReused,
    TokenExpired,
    TokenRevoked,
    TokenUnknown,
)
from apps.accounts.models import Token, TokenFamily, User
from schoolops import clock
from schoolops.audit import trail
from schoolops.context import school_or_none

ACCESS_TOKEN_LIFETIME = dt.timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = dt.timedelta(days=14)
_ALPHABET = string.digits + string.ascii_letters
_LIFETIMES = {Token.Kind.ACCESS: ACCESS_TOKEN_LIFETIME, Token.Kind.REFRESH: REFRESH_TOKEN_LIFETIME}


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh pair of tokens; ``expires_in`` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: User


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _check(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), 6)


def new_token(kind: str) -> str:
    """A new secret of the current school. The check digits let a secret scanner recognise it without asking us."""
    school = school_or_none()
    body = f"so_{kind}_{(school.slug if school else 'platform')[:8]}_{_base62(secrets.randbits(256), 43)}"
    return f"{body}_{_check(body)}"


def digest_of(token: str) -> bytes:
    """What is stored of a token: its SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


def _well_formed(token: str, kind: str) -> bool:
    body, separator, check = token.rpartition("_")
    return bool(separator) and body.startswith(f"so_{kind}_") and secrets.compare_digest(check, _check(body))


def _here() -> str:
    school = school_or_none()
    return school.schema_name if school else "public"


def _issue(family: TokenFamily) -> Issued:
    now = clock.now()
    secret = {kind: new_token(kind) for kind in (Token.Kind.ACCESS, Token.Kind.REFRESH)}
    Token.objects.bulk_create(
        Token(
            family=family,
            kind=kind,
            digest=digest_of(text),
            expires_at=min(now + _LIFETIMES[kind], family.user.access_until or now + _LIFETIMES[kind]),
        )
        for kind, text in secret.items()
    )
    return Issued(
        access_token=secret[Token.Kind.ACCESS],
        refresh_token=secret[Token.Kind.REFRESH],
        expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        user=family.user,
    )


def check_password(*, login: str, password: str) -> User:
    """The user whose login (username or e-mail, any case) and password these are.

    Raises:
        LoginRefused: in the same words and after the same work, whatever was wrong.
    """
    try:
        user = User.objects.get_by_natural_key(login.strip())
    except User.DoesNotExist:
        make_password(password)
        raise LoginRefused from None
    if not user.check_password(password) or not user.may_log_in(clock.now()):
        raise LoginRefused
    return user


def open_login(user: User, *, label: str) -> Issued:
    """Begin a login of ``user`` whose identity has been established. ``label`` names the device."""
    with transaction.atomic():
        family = TokenFamily.objects.create(user=user, school_schema=_here(), label=label[:200], created_at=clock.now())
        trail.record(user, "accounts.logged-in", user, after={"device": family.label})
        return _issue(family)


def log_in(*, login: str, password: str, label: str = "") -> Issued:
    """Exchange a login and password for tokens. Raises ``LoginRefused``."""
    # Hashing takes 25 ms of CPU: outside the transaction, so that no connection idles in one.
    return open_login(check_password(login=login, password=password), label=label)


def authenticate_token(token: str) -> tuple[User, TokenFamily]:
    """The user an access token stands for, in one query.

    Raises:
        TokenUnknown, TokenExpired, TokenRevoked.
    """
    if not _well_formed(token, Token.Kind.ACCESS):
        raise TokenUnknown
    found = Token.objects.select_related("family__user").filter(digest=digest_of(token), kind=Token.Kind.ACCESS).first()
    # The row stands in this school's schema; its own note of the school is a second lock on the same door.
    if found is None or found.family.school_schema != _here():
        raise TokenUnknown
    now = clock.now()
    if found.family.revoked_at is not None or not found.family.user.may_log_in(now):
        raise TokenRevoked
    if found.expires_at <= now:
        raise TokenExpired
    return found.family.user, found.family


def refresh_tokens(*, refresh_token: str) -> Issued:
    """Exchange a refresh token for a new pair; the old one is used up.

    Raises:
        TokenUnknown, TokenExpired, TokenRevoked, RefreshTokenReused.
    """
    if not _well_formed(refresh_token, Token.Kind.REFRESH):
        raise TokenUnknown
    with transaction.atomic():
        found = (
            Token.objects.select_for_update(of=("self",))
            .select_related("family__user")
            .filter(digest=digest_of(refresh_token), kind=Token.Kind.REFRESH)
            .first()
        )
        if found is None or found.family.school_schema != _here():
            raise TokenUnknown
        now = clock.now()
        if found.family.revoked_at is not None or not found.family.user.may_log_in(now):
            raise TokenRevoked
        if found.expires_at <= now:
            raise TokenExpired
        if found.used_at is None:
            found.used_at = now
            found.save(update_fields=["used_at"])
            # Access tokens issued before this moment die with the pair they came in.
            Token.objects.filter(family=found.family, kind=Token.Kind.ACCESS).delete()
            return _issue(found.family)
        _revoke([found.family], because="refresh token reused")
        trail.record(found.family.user, "accounts.refresh-reused", found.family.user)
    # Raised outside the transaction: the revocation must stand.
    raise RefreshTokenReused


def _revoke(families: list[TokenFamily], *, because: str) -> None:
    TokenFamily.objects.filter(pk__in=[family.pk for family in families], revoked_at__isnull=True).update(
        revoked_at=clock.now(), revoked_because=because
    )


@transaction.atomic
def log_out(*, family: TokenFamily, by: User) -> None:
    """End this login on this device."""
    _revoke([family], because="logged out")
    trail.record(by, "accounts.logged-out", family.user)


@transaction.atomic
def log_out_everywhere(*, user: User, by: User, because: str = "logged out everywhere") -> int:
    """End every login of ``user``; returns how many there were."""
    families = list(TokenFamily.objects.filter(user=user, revoked_at__isnull=True))
    _revoke(families, because=because)
    trail.record(by, "accounts.logged-out-everywhere", user, after={"logins": len(families)})
    return len(families)
