"""A browser's half of HTTP: one address, many hosts, JSON both ways."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from schoolops.resilience.check import connects_to


class NotAsExpected(Exception):
    """An answer that should have been another; the message carries both."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``json`` is the body read, or ``None`` when it is none."""

    asked: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 400

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def expect(self, *statuses: int) -> Answer:
        """Itself when it has one of ``statuses`` (any 2xx when none are named). Raises ``NotAsExpected``."""
        if not (self.status in statuses if statuses else self.ok):
            wanted = " or ".join(map(str, statuses)) or "2xx"
            raise NotAsExpected(f"{self.asked} answered {self.status} instead of {wanted}: {self.body[:600]!r}")
        return self


@dataclass(frozen=True, slots=True)
class Picture:
    """A body that is a picture, sent as it is."""

    content: bytes
    kind: str = "image/png"


class Web:
    """Requests to one server; ``base_url`` is where it listens, the host says which school. Threads may share it."""

    def __init__(self, base_url: str, *, timeout: float = 30.0) -> None:
        parts = urlsplit(base_url)
        self._secure = parts.scheme == "https"
        self._address = connects_to(parts.hostname or "127.0.0.1")
        self._port = parts.port or (443 if self._secure else 80)
        self._timeout = timeout
        self._here = threading.local()

    def ask(
        self,
        method: str,
        path: str,
        *,
        host: str,
        token: str | None = None,
        body: Any = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request. ``body`` is JSON, a ``Picture``, or nothing."""
        sent = {"Host": host, "Accept": "*/*", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        content = None
        if isinstance(body, Picture):
            content, sent["Content-Type"] = body.content, body.kind
        elif body is not None:
            content, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        address = quote(path, safe="/:@,") + (f"?{urlencode(query)}" if query else "")
        status, received, answered = self._send(method, address, content, sent)
        return Answer(f"{method} {address} at {host}", status, received, answered)

    def _send(
        self, method: str, address: str, content: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        for attempt in (1, 2):
            connection: http.client.HTTPConnection | None = getattr(self._here, "connection", None)
            if connection is None:
                kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
                connection = self._here.connection = kind(self._address, self._port, timeout=self._timeout)
            try:
                connection.request(method, address, content, headers)
                answer = connection.getresponse()
                return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # The server closed an idle connection; a fresh one decides.
                connection.close()
                self._here.connection = None
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")
