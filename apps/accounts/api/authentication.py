"""``Authorization: Bearer so_a_…``."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.accounts.errors import SetupUnfinished, TokenUnknown
from apps.accounts.models import TokenFamily, User
from apps.accounts.services import authenticate_token
from schoolops import context

SCHEME = "bearer"


class BearerAuthentication(BaseAuthentication):
    """The user of an access token; ``request.auth`` is its login (``TokenFamily``).

    A login that still has to set something up gets no further than the views that say ``open_in_setup``.
    """

    def authenticate(self, request: Request) -> tuple[User, TokenFamily] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != SCHEME:
            raise TokenUnknown
        # Who counts the request asks first, then the view.
        known: tuple[User, TokenFamily] | None = getattr(request._request, "bearer", None)
        user, family = known or authenticate_token(token.strip())
        request._request.bearer = (user, family)  # type: ignore[attr-defined]
        context.user_id.set(user.audit_id)
        request._request.audited_user_id = user.audit_id  # type: ignore[attr-defined]
        if family.setup_only and not getattr(request.parser_context.get("view"), "open_in_setup", False):
            raise SetupUnfinished(missing="password" if user.must_change_password else "second factor")
        return user, family

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="schoolops"'


def actor(request: Request) -> User:
    """Who asks; ``LoggedIn`` let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type
    return request.user
