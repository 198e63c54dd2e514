"""Devices that have logged in before, by a cookie. It opens nothing: it only separates its owner from others.

Without it, whoever guesses at the head's login keeps the head waiting as well. After the "device cookies" of OWASP.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.core import signing
from django.http import HttpResponseBase

from schoolops.context import school_or_none

COOKIE = "so_device"
REMEMBERED_FOR = dt.timedelta(days=180)


def _signer() -> signing.TimestampSigner:
    school = school_or_none()
    place = school.schema_name if school is not None else "platform"
    return signing.TimestampSigner(salt=f"apps.accounts.devices:{place}")


def _of(login: str) -> str:
    return hashlib.sha256(login.strip().casefold().encode()).hexdigest()[:16]


def remember(*, login: str) -> str:
    """What a device keeps after ``login`` has succeeded on it."""
    return _signer().sign(f"{_of(login)}.{secrets.token_urlsafe(12)}")


def remember_on(response: HttpResponseBase, *, login: str, secure: bool) -> None:
    """Let the device that is given ``response`` be known at the next login."""
    response.set_cookie(
        COOKIE, remember(login=login), max_age=REMEMBERED_FOR, secure=secure, httponly=True, samesite="Lax"
    )


def known(device: str, *, login: str) -> str:
    """The device's own mark, when it has logged in with ``login`` at this school; else nothing."""
    if not device or len(device) > 200:
        return ""
    try:
        said = _signer().unsign(device, max_age=REMEMBERED_FOR)
    except signing.BadSignature:
        return ""
    of, _, mark = said.partition(".")
    return mark if of == _of(login) else ""
