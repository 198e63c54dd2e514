"""A request through the ASGI handler, as a server would hand it in."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from django.core.handlers.asgi import ASGIHandler


async def get(application: ASGIHandler, host: str, path: str) -> tuple[int, Any]:
    """(status, decoded JSON) of ``GET path`` at ``host``."""
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    received.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    status, body = 0, b""

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    await application(scope, received.get, send)
    return status, orjson.loads(body)
