"""What is read of accounts."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from apps.accounts.errors import UserUnknown
from apps.accounts.models import AccountPolicy, User
from apps.institutions.selectors import branding
from schoolops.context import school_or_none


def user_by_id(sourced_id: uuid.UUID) -> User:
    """The user with this public id. Raises ``UserUnknown``."""
    user = User.objects.filter(sourced_id=sourced_id).first()
    if user is None:
        raise UserUnknown
    return user


def all_users() -> QuerySet[User]:
    """Everybody with a login here, past ones included."""
    return User.objects.all()


def account_policy() -> dict[str, Any]:
    """``{"staff_need_totp", "version"}`` of this school."""
    kept = AccountPolicy.objects.values("staff_need_totp", "version").first()
    return dict(kept) if kept else {"staff_need_totp": False, "version": 1}


def supported_language(tag: str) -> str:
    """The language of ours that a tag such as ``ar-EG`` asks for; empty, where we do not speak it."""
    wanted = tag.strip().lower().replace("_", "-")
    spoken = [code for code, _ in settings.LANGUAGES]
    if wanted in spoken:
        return wanted
    base = wanted.partition("-")[0]
    return next((code for code in spoken if base and code.partition("-")[0] == base), "")


def language_of(user: User) -> str:
    """The language that ``user`` is written to in: their own, else their school's."""
    own = supported_language(user.language)
    if own or school_or_none() is None:
        return own or str(settings.LANGUAGE_CODE)
    return supported_language(branding().locale) or str(settings.LANGUAGE_CODE)
