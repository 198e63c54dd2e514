"""Devices that have logged in before, by a cookie. It opens nothing: it only separates its owner from others.

Without it, whoever guesses at the head's login keeps the head waiting as well. After the "device cookies" of OWASP.
"""

from __future__ import annotations

import datetime as dt
import secrets

from django.core import signing
from django.http import HttpResponseBase
from django.utils.crypto import salted_hmac

from apps.accounts.models import User
from schoolops.context import school_or_none

COOKIE = "so_device"
REMEMBERED_FOR = dt.timedelta(days=180)


def _signer() -> signing.TimestampSigner:
    school = school_or_none()
    place = school.schema_name if school is not None else "platform"
    return signing.TimestampSigner(salt=f"apps.accounts.devices:{place}")


def _state_of(user: User) -> str:
    # A new password, or the end of all logins, makes every device of this user a stranger.
    text = f"{user.pk}|{user.get_session_auth_hash()}"
    return salted_hmac("apps.accounts.devices", text, algorithm="sha256").hexdigest()[:20]


def remember(user: User) -> str:
    """What a device keeps after ``user`` has logged in on it; void once the password is another or all logins ended.

    Else whoever once knew a password could gather devices, and have free guesses with each of them at the next one.
    """
    return _signer().sign(f"{secrets.token_urlsafe(12)}.{_state_of(user)}")


def remember_on(response: HttpResponseBase, *, user: User, secure: bool) -> None:
    """Let the device that is given ``response`` be known at the next login of ``user``."""
    response.set_cookie(COOKIE, remember(user), max_age=REMEMBERED_FOR, secure=secure, httponly=True, samesite="Lax")


def known(device: str, *, user: User | None) -> str:
    """The device's own mark, when ``user`` has logged in on it at this school; else nothing."""
    if user is None or not device or len(device) > 200:
        return ""
    try:
        said = _signer().unsign(device, max_age=REMEMBERED_FOR)
    except signing.BadSignature:
        return ""
    mark, _, state = said.partition(".")
    return mark if state == _state_of(user) else ""
