"""Django's login door (admin): username or e-mail, the current school's users only."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from apps.accounts.models import User
from schoolops import clock


class LoginBackend(BaseBackend):
    """Authenticates against the users of the current school, or the operators outside schools."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if not username or password is None:
            return None
        try:
            user = User.objects.get_by_natural_key(username.strip())
        except User.DoesNotExist:
            # Burn the same time as for a known user, so that names cannot be found by timing.
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.may_log_in(clock.now()) else None

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.filter(pk=user_id).first()
        return user if user is not None and user.may_log_in(clock.now()) else None
