"""Logged-in clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from apps.accounts.models import User
    from schoolops.tenancy.models import School

API = "/api/v1/"


class Api:
    """A person's app: ``api(bob).get("sections/…/roll/2026-11-04")``."""

    def __init__(self, client: Client, user: User) -> None:
        from apps.accounts.services.tokens import open_login  # noqa: PLC0415 - Django is not set up when this file is read

        self._client = client
        self._headers = {"authorization": f"Bearer {open_login(user, label='test').access_token}"}

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(API + path, query, headers=self._headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self._client.put(API + path, body, content_type="application/json", headers={**self._headers, **headers})

    def post(self, path: str, body: Any = None) -> Any:
        return self._client.post(API + path, body or {}, content_type="application/json", headers=self._headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self._client.patch(
            API + path, body, content_type="application/json", headers={**self._headers, **headers}
        )

    def delete(self, path: str) -> Any:
        return self._client.delete(API + path, headers=self._headers)


@pytest.fixture
def api(in_oak: School, client_for: Callable[[School], Client]) -> Callable[[User], Api]:
    """``api(bob)``: Bob, logged in at Oak's address."""
    return lambda user: Api(client_for(in_oak), user)
