"""What a login has to set up before it is good for anything else."""

from __future__ import annotations

from typing import Literal

from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.accounts import scopes
from apps.accounts.models import AccountPolicy, User
from schoolops.context import school_or_none

Missing = Literal["password", "totp", ""]


def is_needed(user: User) -> bool:
    """Whether ``user`` must have a second factor: every operator, and staff of a school that says so."""
    if school_or_none() is None:
        return True
    return AccountPolicy.objects.filter(staff_need_totp=True).exists() and scopes.gate().is_staff(user)


def is_set_up(user: User) -> bool:
    """Whether ``user`` has a confirmed second factor."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def missing_setup(user: User) -> Missing:
    """What ``user`` has to set up first; empty, when nothing."""
    if user.must_change_password:
        return "password"
    # Support has no password: it comes with a token that an operator made, and goes at the end of its time.
    if user.has_usable_password() and is_needed(user) and not is_set_up(user):
        return "totp"
    return ""
