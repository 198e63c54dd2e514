"""A mail server and an SMS gateway, each a process of its own, that lose, delay, refuse and answer twice.

``python -m tests.notices.carriers smtp|sms PORT JOURNAL SEED [REPORTS]``. Each message that arrived is a line of the
journal before anybody is answered, on the disk: what was received is what stands there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import threading
import time
import urllib.request
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller

SECRET = "the gateway of notices"


class Journal:
    """Lines of JSON, each on the disk before it is answered for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def note(self, **said: Any) -> None:
        with self._lock:
            self._file.write(json.dumps({"at": time.time(), **said}) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


class Box:
    """Takes letters; now and then late, not now, or without a word."""

    def __init__(self, journal: Journal, dice: random.Random) -> None:
        self._journal, self._dice = journal, dice

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, said: list[str]) -> list[str]:  # noqa: N802 - aiosmtpd's
        session.host_name = name
        return [*said[:-1], "250-PIPELINING", said[-1]]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's
        if self._dice.random() < 0.05:
            return "451 Not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        read = message_from_bytes(envelope.content, policy=policy.default)
        text = read.get_body(("plain",))
        said = text.get_content() if text is not None else ""
        for to in envelope.rcpt_tos:
            self._journal.note(channel="email", to=to, subject=str(read["subject"]), text=said)
        dice = self._dice.random()
        if dice < 0.02:
            # It has the letter, and nobody will ever know.
            server.transport.abort()
            return "250 Unheard"
        if dice < 0.10:
            await asyncio.sleep(0.3)
        return "250 Taken"


def smtp(port: int, journal: Journal, dice: random.Random) -> None:
    controller = Controller(Box(journal, dice), hostname="127.0.0.1", port=port)
    controller.start()
    threading.Event().wait()


def sms(port: int, journal: Journal, dice: random.Random, reports: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            chance = dice.random()
            if chance < 0.05:
                return self._answered(503, {})
            journal.note(channel="sms", to=said["to"], text=said["text"], subject="")
            if chance < 0.08:
                self.close_connection = True
                return None
            if chance < 0.15:
                time.sleep(0.2)
            # It reports twice, as such services do, the first time perhaps before its answer is there.
            for after in (0.0, 0.3):
                threading.Timer(after, report, (said["callback"], said["key"])).start()
            return self._answered(201, {"id": said["key"]})

        def _answered(self, status: int, said: dict[str, str]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: Any) -> None:
            pass

    def report(callback: str, key: str) -> None:
        body = json.dumps({"key": key, "outcome": "delivered"}).encode()
        headers = {
            "Host": urlsplit(callback).netloc,
            "Authorization": f"Bearer {SECRET}",
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(f"{reports}/hooks/sms", body, headers)
        # Their server may be dead at this moment; a gateway would try again.
        with contextlib.suppress(OSError):
            urllib.request.urlopen(request, timeout=10).close()

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def main(kind: str, port: str, journal: str, seed: str, reports: str = "") -> None:
    dice, kept = random.Random(seed), Journal(Path(journal))
    if kind == "smtp":
        smtp(int(port), kept, dice)
    else:
        sms(int(port), kept, dice, reports)


if __name__ == "__main__":
    main(*sys.argv[1:])
