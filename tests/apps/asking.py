"""Asking the API as somebody, over HTTP, without a login form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services.tokens import open_login
from schoolops.context import current_school, nowhere


@dataclass(slots=True)
class Asking:
    """A client with a token of one person at the school the test stands in."""

    client: Client
    token: str

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        if body is not None:
            more |= {"data": body, "content_type": more.get("content_type", "application/json")}
        with nowhere():
            return self.client.generic(method, f"/api/v1/{path}", **_generic(more), headers=headers)

    def get(self, path: str, **more: Any) -> Any:
        return self("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self("POST", path, {} if body is None else body, **more)

    def patch(self, path: str, body: Any, **more: Any) -> Any:
        return self("PATCH", path, body, **more)

    def put(self, path: str, body: Any, **more: Any) -> Any:
        return self("PUT", path, body, **more)

    def delete(self, path: str, **more: Any) -> Any:
        return self("DELETE", path, **more)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The results of a list that is answered with 200."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.content
        found: list[dict[str, Any]] = answer.json()["results"]
        return found


def _generic(more: dict[str, Any]) -> dict[str, Any]:
    data = more.pop("data", b"")
    if not isinstance(data, bytes):
        data = orjson.dumps(data, default=str)
    return {"data": data, **more}


def asking(user: User) -> Asking:
    """Ask as ``user``."""
    school = current_school()
    client = Client(raise_request_exception=False, headers={"host": f"{school.slug}.localhost"})
    with nowhere():
        # The host is looked up once per process, not once per request: not a cost of what a test measures.
        client.get("/api/v1/school")
    return Asking(client, open_login(User.objects.get(pk=user.pk), label="test").access_token)
