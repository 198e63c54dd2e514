"""What is read of accounts."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet

from apps.accounts.errors import UserUnknown
from apps.accounts.models import AccountPolicy, User


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
