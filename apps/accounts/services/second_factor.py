"""The second factor: codes of an authenticator app (TOTP), and recovery codes for the day the phone is lost."""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
from dataclasses import dataclass
from urllib.parse import quote

from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.accounts.errors import (
    CodeRefused,
    CodeRequired,
    CodeWrong,
    NoSecondFactor,
    SecondFactorExists,
    SecondFactorNeeded,
)
from apps.accounts.models import TokenFamily, User
from apps.accounts.services import tokens
from apps.accounts.services.setup import is_needed, is_set_up
from schoolops.audit import trail
from schoolops.context import school_or_none
from schoolops.errors import FieldError
from schoolops.folding import fold
from schoolops.privacy import Fate, declare_held

RECOVERY_CODES = 10
# 120 bits in base 32: 24 letters, read in groups of four. From 112 on a plain digest is enough (ASVS 6.5.2).
_CODE_BYTES = 15


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the address behind the QR code, the QR code as data URI, the key to type."""

    otpauth_uri: str
    qr: str
    secret: str


def _stored(code: str) -> str:
    # The table has room for 16 characters: 64 bits of the SHA-256 of a random code.
    written = fold(code).replace("-", "").replace(" ", "").upper()
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def require_code(user: User, code: str) -> None:
    """Nothing, when ``user`` has no second factor or ``code`` is right. A right code is used up.

    Raises:
        CodeRequired, CodeRefused.
    """
    if not is_set_up(user):
        return
    with transaction.atomic():
        # Locked, so that one code does not open two logins.
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is None:
            return
        if not code:
            raise CodeRequired
        accepted = _is_right(device, code)
        if not accepted and StaticToken.objects.filter(device__user=user, token=_stored(code)).delete()[0]:
            accepted = True
            left = StaticToken.objects.filter(device__user=user).count()
            trail.record(user, "accounts.recovery-code-used", user, after={"left": left})
    # Outside the block: what the device noted of the attempt stays.
    if not accepted:
        raise CodeRefused


def _is_right(device: TOTPDevice, code: str) -> bool:
    digits = fold(code).replace(" ", "")
    return len(digits) == device.digits and digits.isascii() and digits.isdecimal() and device.verify_token(digits)


def begin(*, by: User) -> Enrolment:
    """Begin to set up one's own second factor; it counts once ``confirm`` has seen a code of it.

    Raises:
        SecondFactorExists.
    """
    with transaction.atomic():
        _locked(by)
        if is_set_up(by):
            raise SecondFactorExists
        TOTPDevice.objects.filter(user=by).delete()
        device = TOTPDevice.objects.create(user=by, name="authenticator app", confirmed=False)
    school = school_or_none()
    issuer = str(getattr(school, "name", "SchoolOps")) if school else "SchoolOps"
    uri = _with_issuer(device.config_url, issuer)
    import qrcode
    import qrcode.image.svg

    image = qrcode.make(uri, image_factory=qrcode.image.svg.SvgPathImage)
    drawn = io.BytesIO()
    image.save(drawn)
    return Enrolment(
        otpauth_uri=uri,
        qr=f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode()}",
        secret=base64.b32encode(device.bin_key).decode(),
    )


def _with_issuer(uri: str, issuer: str) -> str:
    named = quote(issuer.replace(":", ""))
    head, _, rest = uri.partition("otpauth://totp/")
    return f"{head}otpauth://totp/{named}:{rest}&issuer={named}"


def confirm(*, code: str, family: TokenFamily, by: User) -> list[str]:
    """Finish setting up: the app shows ``code``. Returns the recovery codes, which are shown this once.

    Raises:
        NoSecondFactor, CodeWrong.
    """
    with transaction.atomic():
        _locked(by)
        device = TOTPDevice.objects.filter(user=by, confirmed=False).first()
        if device is None or is_set_up(by):
            raise NoSecondFactor
        if not _is_right(device, code):
            raise CodeWrong(errors=[FieldError("code", CodeWrong.code, CodeWrong.sentence())])
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        codes = _new_recovery_codes(by)
        ended = tokens.end_logins(by, because="second factor set up", keep=family)
        tokens.finish_setup(family)
        trail.record(by, "accounts.second-factor-set-up", by, after={"logins_ended": ended})
    return codes


def _new_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery codes", confirmed=True)
    codes = [base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_stored(code)) for code in codes)
    return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes]


def remove(*, by: User) -> None:
    """Give up one's own second factor. The caller has asked for password and code.

    Raises:
        NoSecondFactor; SecondFactorNeeded: it is asked for here.
    """
    with transaction.atomic():
        _locked(by)
        if not is_set_up(by):
            raise NoSecondFactor
        if is_needed(by):
            raise SecondFactorNeeded
        forget(by)
        trail.record(by, "accounts.second-factor-removed", by)


def forget(user: User) -> None:
    """Delete what ``user`` has of a second factor, in the caller's transaction."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _locked(user: User) -> None:
    """Two devices of one person set up one second factor, one after the other."""
    User.objects.select_for_update().get(pk=user.pk)


for _device in (TOTPDevice, StaticDevice):
    declare_held(_device, {"user": Fate.GOES}, shown={"name", "confirmed", "created_at", "last_used_at"})
