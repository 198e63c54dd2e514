"""What a login has to set up before it is good for anything else."""

from __future__ import annotations

from typing import Literal

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.accounts import scopes
from apps.accounts.models import AccountPolicy, User
from schoolops.context import school_or_none

Missing = Literal["password", "totp", ""]


# Read with the user, so that a login asks once: it is one of three hundred.
_HAS_TOTP = RawSQL(
    "EXISTS (SELECT FROM otp_totp_totpdevice d WHERE d.user_id = accounts_user.id AND d.confirmed)",
    (),
    output_field=BooleanField(),
)
_STAFF_NEED = RawSQL(
    "EXISTS (SELECT FROM accounts_accountpolicy p WHERE p.staff_need_totp)",
    (),
    output_field=BooleanField(),
)


def with_setup(users: QuerySet[User]) -> QuerySet[User]:
    """``users``, each with what ``missing_setup`` asks for. To be used at once, not kept."""
    return users.annotate(read_has_totp=_HAS_TOTP, read_staff_need_totp=_STAFF_NEED)


def is_needed(user: User) -> bool:
    """Whether ``user`` must have a second factor: every operator, and staff of a school that says so."""
    if school_or_none() is None:
        return True
    asked: bool | None = getattr(user, "read_staff_need_totp", None)
    if asked is None:
        asked = AccountPolicy.objects.filter(staff_need_totp=True).exists()
    return asked and scopes.gate().is_staff(user)


def is_set_up(user: User) -> bool:
    """Whether ``user`` has a confirmed second factor."""
    read: bool | None = getattr(user, "read_has_totp", None)
    if read is not None:
        return read
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def missing_setup(user: User) -> Missing:
    """What ``user`` has to set up first; empty, when nothing."""
    if user.must_change_password:
        return "password"
    # Support has no password: it comes with a token that an operator made, and goes at the end of its time.
    if user.has_usable_password() and is_needed(user) and not is_set_up(user):
        return "totp"
    return ""
