"""What these tests say to the API, in short."""

from __future__ import annotations

from typing import Any

from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import open_login
from schoolops.context import nowhere
from tests.factories import people


class Talk:
    """A browser at one address, and the person who is logged in there, as they are now: not as a test read them."""

    def __init__(self, client: Client, user: User | None = None, *, token: str = "") -> None:
        self.client = client
        self.token = token or (
            open_login(User.objects.get(pk=user.pk), label="test").access_token if user is not None else ""
        )

    def __call__(self, method: str, address: str, said: Any = None, **headers: str) -> Any:
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = {} if said is None else {"data": said, "content_type": "application/json"}
        return getattr(self.client, method.lower())(f"/api/v1/{address}", headers=headers, **body)

    def get(self, address: str) -> Any:
        return self("GET", address)

    def post(self, address: str, said: Any = None) -> Any:
        return self("POST", address, said)

    def log_in(self, login: str = "bob", password: str = people.PASSWORD, **more: Any) -> Any:
        """The answer to a login; does not become the person."""
        return Talk(self.client).post("auth/login", {"login": login, "password": password, **more})


class Browser:
    """A browser with its cookies. It asks from nowhere, as browsers do: the host alone says which school is meant."""

    def __init__(self, client: Client, user: User | None = None) -> None:
        self.client = client
        if user is not None:
            client.force_login(user, backend="apps.accounts.backends.LoginBackend")

    def get(self, path: str, *arguments: Any, **more: Any) -> Any:
        with nowhere():
            return self.client.get(path, *arguments, **more)

    def post(self, path: str, *arguments: Any, **more: Any) -> Any:
        with nowhere():
            return self.client.post(path, *arguments, **more)
