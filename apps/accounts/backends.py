"""Django's login backend: username or e-mail, the current school's users only."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import DateTimeField
from django.http import HttpRequest

from apps.accounts import services
from apps.accounts.models import User
from schoolops import clock
from schoolops.cache.sessions import session_stands, unproven_session
from schoolops.errors import Throttled, Unauthenticated
from schoolops.ratelimit.addresses import address_of
from schoolops.tenancy.compiled import KEY, TEXT, Compiled, Parameter

# Asked with every page.
_USER: Compiled[User] = Compiled(lambda: User.objects.filter(pk=Parameter("user", KEY)))
_USER_OF_SESSION: Compiled[User] = Compiled(
    lambda: User.objects.filter(
        session_stands(Parameter("session", TEXT), Parameter("now", DateTimeField())), pk=Parameter("user", KEY)
    )
)


class LoginBackend(BaseBackend):
    """Authenticates against the users of the current school, or the operators outside schools.

    ``Busy`` passes through: too many are logging in, which is no answer about this one. A view answers 503 with it.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        code: str = "",
        **kwargs: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        address = address_of(request) if request is not None else ""
        device = request.COOKIES.get(services.DEVICE_COOKIE, "") if request is not None else ""
        try:
            # The same door as the API: it waits after failures, and names cannot be found by timing.
            user = services.prove_identity(login=username, password=password, code=code, address=address, device=device)
        except (Unauthenticated, Throttled):
            return None
        # A session is good for everything, so nothing may be missing.
        return None if services.missing_setup(user) else user

    def get_user(self, user_id: int) -> User | None:
        key = unproven_session()
        if key is None:
            user = _USER.first(user=user_id)
        else:
            user = _USER_OF_SESSION.first(user=user_id, session=key, now=clock.now())
        return user if user is not None and user.may_log_in(clock.now()) else None
