"""What the programs of the stack write into their logs, at the level of a production, and what may not stand there."""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from tests.attack.target import Machine

# With which the gateway of texts reports, and with which it is asked; of this attack alone.
SMS_SECRET, SMS_KEY = f"reports-{uuid4().hex}", f"key-{uuid4().hex}"
# What a child of the attack is called, and of no other word a part. Those of the smoke test are called so as well.
CHILD = "Quillonette"
CHILDREN = ("Quillon", "Smokestack")
# Whoever bears it is in.
TOKEN = re.compile(r"\bso_[a-z]_\w{8,}")
# Lines that are as they should be; another is for whoever watches.
USUAL = tuple(f'"level":"{level}"' for level in ("DEBUG", "INFO", "WARNING"))
# Of a line of access: without any the logs were not read.
ACCESS = '"statusCode":'
SHOWN = 400


class Journal(io.TextIOBase):
    """Keeps each line in ``file``; what is no usual line of a log goes on to ``seen``."""

    def __init__(self, file: IO[str], seen: IO[str]) -> None:
        self._file, self._seen, self._line = file, seen, ""
        self._writing = threading.Lock()

    def write(self, text: str) -> int:
        with self._writing:
            *lines, self._line = f"{self._line}{text}".split("\n")
            for line in lines:
                self._file.write(f"{line}\n")
                if not any(each in line for each in USUAL):
                    # The whole of it is kept: one with an exception is longer than anybody reads here.
                    self._seen.write(f"{line[:SHOWN]}\n")
                    self._seen.flush()
        return len(text)

    def lines(self) -> list[str]:
        with self._writing:
            self._file.flush()
            self._file.seek(0)
            return self._file.read().splitlines()


class _Gateway(BaseHTTPRequestHandler):
    """Takes every text: without a gateway texts go to the log, as in a demo."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.dumps({"id": uuid4().hex}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def overheard() -> Iterator[tuple[Journal, dict[str, Any]]]:
    """(what is printed from now on, variables of a stack that says what a production's says)."""
    gateway = ThreadingHTTPServer(("127.0.0.1", 0), _Gateway)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        journal = Journal(file, sys.stdout)
        try:
            with redirect_stdout(journal):
                yield (
                    journal,
                    {
                        "LOG_LEVEL": "INFO",
                        "LOG_FORMAT": "json",
                        "EMAIL_URL": "dummymail://",
                        "SMS_URL": f"http://127.0.0.1:{gateway.server_port}/",
                        "SMS_HEADERS": json.dumps({"X-Api-Key": SMS_KEY}),
                        "SMS_WEBHOOK_SECRET": SMS_SECRET,
                    },
                )
        finally:
            gateway.shutdown()
            gateway.server_close()


def secrets_of(machine: Machine) -> dict[str, str]:
    """Text → what it is, of all that the attack was told, sent or made."""
    from apps.demo.services.casts import SCHOOLS
    from apps.demo.services.schools import CARDS_KEY
    from schoolops.gateways.sandbox import signing_secret

    known = {
        SMS_SECRET: "the secret of the gateway of texts",
        SMS_KEY: "the key of the gateway of texts",
        CARDS_KEY: "the key of the card gateway",
        signing_secret(CARDS_KEY): "the secret of the card gateway",
        "Tuition": "the text of a bill",
    }
    known |= dict.fromkeys(machine.passwords, "the password of a database")
    for target in machine.targets:
        known |= dict.fromkeys(target.passwords.values(), "a password")
        known |= dict.fromkeys(target.given, "what opens something")
    names = [name for school in SCHOOLS for section in school.sections.values() for child in section for name in child]
    # A short one is a part of other words.
    told = [name for name in names if len(name) >= (5 if name.isascii() else 2)]
    return known | dict.fromkeys((*told, *CHILDREN), "the name of a child")


def leaks(lines: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """What is told → the first line that tells it; where no request is logged, that."""
    sought = re.compile("|".join(re.escape(each) for each in sorted(known, key=len, reverse=True)) or "(?!)")
    found: dict[str, str] = {}
    read = False
    for line in lines:
        read = read or ACCESS in line
        for each in sought.findall(line):
            found.setdefault(f"{known[each]}: {each}", line[:SHOWN])
        for each in TOKEN.findall(line):
            found.setdefault(f"a token: {each[:12]}…", line[:SHOWN])
    return found if read else {**found, "no request is logged": ""}


def reported(journal: Journal, known: Mapping[str, str], say: Callable[[str], None]) -> dict[str, str]:
    """What the logs tell, said."""
    found = leaks(journal.lines(), known)
    for what, line in found.items():
        say(f"TOLD   {what} in {line}")
    return found
