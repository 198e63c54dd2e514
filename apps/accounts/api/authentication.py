"""``Authorization: Bearer so_a_…``."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.accounts.errors import TokenUnknown
from apps.accounts.models import TokenFamily, User
from apps.accounts.services import authenticate_token
from schoolops import context

SCHEME = "bearer"


class BearerAuthentication(BaseAuthentication):
    """The user of an access token; ``request.auth`` is its login (``TokenFamily``)."""

    def authenticate(self, request: Request) -> tuple[User, TokenFamily] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != SCHEME:
            raise TokenUnknown
        user, family = authenticate_token(token.strip())
        context.user_id.set(user.audit_id)
        request._request.audited_user_id = user.audit_id  # type: ignore[attr-defined]
        return user, family

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="schoolops"'
