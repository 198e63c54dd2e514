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
from functools import cache

from django.db import transaction
from django.db.models import BinaryField

from apps.accounts.errors import (
    LoginRefused,
    RefreshTokenReused,
    TokenExpired,
    TokenRevoked,
    TokenUnknown,
)
from apps.accounts.models import Token, TokenFamily, User
from apps.accounts.services.setup import Missing, missing_setup
from schoolops import clock
from schoolops.audit import trail
from schoolops.context import school_or_none
from schoolops.observability.metrics import AUTH_LATENCY
from schoolops.tenancy.compiled import Compiled, Parameter
from schoolops.tenancy.prepared import Statement

ACCESS_TOKEN_LIFETIME = dt.timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = dt.timedelta(days=14)
_ALPHABET = string.digits + string.ascii_letters
# Two digits at a time.
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_LIFETIMES = {Token.Kind.ACCESS: ACCESS_TOKEN_LIFETIME, Token.Kind.REFRESH: REFRESH_TOKEN_LIFETIME}


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh pair of tokens; ``expires_in`` is the access token's life in seconds.

    ``missing``: what the user must set up before these tokens are good for anything else.
    """

    access_token: str
    refresh_token: str
    expires_in: int
    user: User
    missing: Missing


def _base62(number: int, length: int) -> str:
    text = ""
    for _ in range(0, length, 2):
        text = _PAIRS[number % 3844] + text
        number //= 3844
    return text[-length:]


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
    # No secret, so compared plainly: compare_digest raises on the letters beyond ASCII that a stranger may send.
    return bool(separator) and body.startswith(f"so_{kind}_") and check == _check(body)


def _here() -> str:
    school = school_or_none()
    return school.schema_name if school else "public"


def _pair(user: User) -> tuple[dict[str, str], dict[str, dt.datetime]]:
    """(kind → secret, kind → end) of a fresh pair."""
    now = clock.now()
    secret: dict[str, str] = {kind: new_token(kind) for kind in (Token.Kind.ACCESS, Token.Kind.REFRESH)}
    return secret, {kind: min(now + life, user.access_until or now + life) for kind, life in _LIFETIMES.items()}


def _issued(user: User, secret: dict[str, str], ends: dict[str, dt.datetime], missing: Missing) -> Issued:
    return Issued(
        access_token=secret[Token.Kind.ACCESS],
        refresh_token=secret[Token.Kind.REFRESH],
        expires_in=int((ends[Token.Kind.ACCESS] - clock.now()).total_seconds()),
        user=user,
        missing=missing,
    )


def _issue(family: TokenFamily, missing: Missing) -> Issued:
    secret, ends = _pair(family.user)
    Token.objects.bulk_create(
        Token(family=family, kind=kind, digest=digest_of(text), expires_at=ends[kind]) for kind, text in secret.items()
    )
    return _issued(family.user, secret, ends, missing)


# A family, its pair and the line of the trail in one statement, which needs no transaction: a login is one of three
# hundred, and each round trip and each insert of the ORM costs half a millisecond.
# Only for a user who is as they were when the password was read. A login waits for its turn to hash, and whatever ends
# logins or changes the password meanwhile must end this one too. FOR SHARE waits for one that is being committed, and
# lets one that comes later see this login.
_OPEN = """
WITH proved AS (
    SELECT id FROM accounts_user
     WHERE id = %(user)s::bigint AND password = %(password)s::text
       AND logins_ended_at IS NOT DISTINCT FROM %(logins_ended_at)s::timestamptz
       AND is_active AND (access_until IS NULL OR access_until > %(now)s::timestamptz)
       FOR SHARE
), family AS (
    INSERT INTO accounts_tokenfamily (user_id, school_schema, label, created_at, revoked_because, setup_only)
    SELECT id, %(schema)s::text, %(label)s::text, %(now)s::timestamptz, '', %(setup_only)s::boolean FROM proved
    RETURNING id
), noted AS (
    {noted}
)
INSERT INTO accounts_token (family_id, kind, digest, expires_at)
SELECT family.id, pair.kind, pair.digest, pair.expires_at
  FROM family, (VALUES (%(access)s::text, %(access_digest)s::bytea, %(access_ends)s::timestamptz),
                       (%(refresh)s::text, %(refresh_digest)s::bytea, %(refresh_ends)s::timestamptz))
    AS pair (kind, digest, expires_at)
RETURNING family_id
"""


@cache
def _opening() -> Statement:
    return Statement(_OPEN.format(noted=trail.named_clause(where="proved")), waits=True)


def open_login(user: User, *, label: str) -> Issued:
    """Begin a login of ``user``, whose identity has been established. ``label`` names the device.

    Raises:
        LoginRefused: since ``user`` was read, the password was changed or the logins were ended.
    """
    missing = missing_setup(user)
    label = label[:200]
    secret, ends = _pair(user)
    access, refresh = Token.Kind.ACCESS, Token.Kind.REFRESH
    line = trail.entry_of(user, "accounts.logged-in", user, after={"device": label})
    opened = _opening().rows(
        user=user.pk, password=user.password, logins_ended_at=user.logins_ended_at, now=clock.now(), schema=_here(),
        label=label, setup_only=bool(missing), access=access.value, access_digest=digest_of(secret[access]),
        access_ends=ends[access], refresh=refresh.value, refresh_digest=digest_of(secret[refresh]),
        refresh_ends=ends[refresh], **trail.named(line),
    )  # fmt: skip
    if not opened:
        raise LoginRefused
    return _issued(user, secret, ends, missing)


# Asked with every request of the API.
_ACCESS: Compiled[Token] = Compiled(
    lambda: Token.objects.select_related("family__user").filter(
        digest=Parameter("digest", BinaryField()), kind=Token.Kind.ACCESS
    )
)


def authenticate_token(token: str) -> tuple[User, TokenFamily]:
    """The user an access token stands for, in one query.

    Raises:
        TokenUnknown, TokenExpired, TokenRevoked.
    """
    if not _well_formed(token, Token.Kind.ACCESS):
        raise TokenUnknown
    found = _ACCESS.first(digest=digest_of(token))
    # The row stands in this school's schema; its own note of the school is a second lock on the same door.
    if found is None or found.family.school_schema != _here():
        raise TokenUnknown
    now = clock.now()
    if found.family.revoked_at is not None or not found.family.user.may_log_in(now):
        raise TokenRevoked
    if found.expires_at <= now:
        raise TokenExpired
    return found.family.user, found.family


@AUTH_LATENCY.timed()
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
            # Asked anew: the school may ask for a second factor since yesterday.
            missing = missing_setup(found.family.user)
            if found.family.setup_only != bool(missing):
                found.family.setup_only = bool(missing)
                found.family.save(update_fields=["setup_only"])
            return _issue(found.family, missing)
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


def end_logins(user: User, *, because: str, keep: TokenFamily | None = None) -> int:
    """End the logins of ``user``, but for ``keep``, in the caller's transaction; returns how many there were.

    Sessions in a browser end with them, all of those.
    """
    user.logins_ended_at = clock.now()
    user.save(update_fields=["logins_ended_at"])
    families = TokenFamily.objects.filter(user=user, revoked_at__isnull=True)
    if keep is not None:
        families = families.exclude(pk=keep.pk)
    return families.update(revoked_at=clock.now(), revoked_because=because)


def finish_setup(family: TokenFamily) -> None:
    """Let this login do everything once nothing is missing any more."""
    family.setup_only = bool(missing_setup(family.user))
    family.save(update_fields=["setup_only"])


@transaction.atomic
def log_out_everywhere(*, by: User) -> int:
    """End all of one's own logins, this one too; returns how many there were."""
    ended = end_logins(by, because="logged out everywhere")
    trail.record(by, "accounts.logged-out-everywhere", by, after={"logins": ended})
    return ended
