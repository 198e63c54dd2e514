"""Call a WSGI application directly: no socket, no server, the whole middleware."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

HOST = "bench.localhost"


class Caller:
    """Somebody who asks: with a token, or with the cookie of a session."""

    def __init__(self, application: Callable[..., Any], *, token: str = "", cookies: str = "") -> None:
        self.application = application
        self._headers = {"HTTP_COOKIE": cookies} if cookies else {"HTTP_AUTHORIZATION": f"Bearer {token}"}

    def asking(self, application: Callable[..., Any]) -> Caller:
        """The same person at another application."""
        other = Caller(application)
        other._headers = self._headers
        return other

    @property
    def session(self) -> str:
        """The key of the session."""
        return self._headers["HTTP_COOKIE"].removeprefix("sessionid=")

    def __call__(self, path: str, *, method: str = "GET", body: bytes = b"") -> bytes:
        """The body of the answer. Raises ``SystemExit`` when it is no 2xx."""
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": HOST,
            "SERVER_PORT": "80", "HTTP_HOST": HOST, "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0),
            "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json", **self._headers,
        }  # fmt: skip
        heard: list[str] = []
        answer = self.application(environ, lambda status, *_: heard.append(status))
        try:
            content = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        if not heard[0].startswith("2"):
            raise SystemExit(f"{method} {path} answered {heard[0]}: {content[:500]!r}")
        return content
