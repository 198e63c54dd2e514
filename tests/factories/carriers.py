"""A mail server and an SMS gateway that do what a test says: take, refuse, be away, or take and not answer."""

from __future__ import annotations

import json
import smtplib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from unittest.mock import Mock

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend


class FickleMail(BaseEmailBackend):
    """Django's ``EMAIL_BACKEND_BEHIND``: ``says`` is what it does with each letter, in turn; then it takes them.

    What can be called happens meanwhile, and then the letter is taken.
    """

    says: ClassVar[list[str | Callable[[], None]]] = []
    taken: ClassVar[list[EmailMessage]] = []
    opened: ClassVar[int] = 0
    PATH: ClassVar[str] = "tests.factories.carriers.FickleMail"

    @classmethod
    def begin(cls, *says: str) -> None:
        cls.says, cls.taken, cls.opened = list(says), [], 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._is_open = False

    def open(self) -> bool:
        if self._is_open:
            return False
        if self.says and self.says[0] == "away":
            self.says.pop(0)
            raise ConnectionRefusedError
        type(self).opened += 1
        self._is_open = True
        return True

    def close(self) -> None:
        self._is_open = False

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for each in email_messages:
            match self.says.pop(0) if self.says else "take":
                case "silent":
                    self.taken.append(each)
                    raise smtplib.SMTPServerDisconnected("gone")
                case "unknown-recipient":
                    raise smtplib.SMTPRecipientsRefused({each.to[0]: (550, b"no such user\r\nhere")})
                case "later":
                    raise smtplib.SMTPRecipientsRefused({each.to[0]: (451, b"greylisted")})
                case "spam":
                    raise smtplib.SMTPDataError(554, b"spam")
                case str():
                    self.taken.append(each)
                case meanwhile:
                    meanwhile()
                    self.taken.append(each)
        return len(email_messages)


class SmtpInMemory(EmailBackend):
    """Django's own way to write a letter for a mail server, and a server that takes each."""

    def open(self) -> bool:
        self.connection = Mock(sock=None)
        return True


class Gateway:
    """What arrived, and a list of answers to give: a status, or ``None`` to hang up."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.answers: list[int | None] = []
        self.connections = 0
        self.url = ""


@contextmanager
def gateway() -> Iterator[Gateway]:
    """An SMS gateway on a free port."""
    found = Gateway()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            found.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.taken.append(body)
            found.keys.append(self.headers["Idempotency-Key"])
            status = found.answers.pop(0) if found.answers else 201
            if status is None:
                self.close_connection = True
                return
            said = json.dumps({"messages": [{"id": f"gw-{len(found.taken)}"}]}).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_said: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/send?v=1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
