"""What is attacked, and what can be seen of it from outside: over HTTP, in its tables, in its files."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import psycopg
from psycopg import sql

from config import demo
from config.env import BASE_DIR
from schoolops.launcher import processes
from schoolops.launcher.processes import Process
from schoolops.launcher.supervisor import PROGRAM
from tests.smoke.web import Answer

API = "/api/v1"
# A token lives for a quarter of an hour, and some steps take longer than what is left of it.
FORGOTTEN_S = 600.0
# (method, path, body, headers, the address that it comes from)
Send = Callable[[str, str, bytes | None, dict[str, str], str], Answer]
_MAKE = """
import sys, django
django.setup()
from dataclasses import replace
from apps.demo.services import SCHOOLS, furnish
furnish(replace(SCHOOLS[0], slug=sys.argv[1]))
"""


class Outside(Protocol):
    """What stands behind the doors. ``admin_url``: of the login that owns the schools."""

    admin_url: str

    def rows(self, query: str, *values: Any, role: str = "") -> list[tuple[Any, ...]]:
        """What the login that owns the schools is answered; as ``role``, what that may do. Raises ``psycopg.Error``."""

    def manage(self, *arguments: str) -> str:
        """What a command of an operator says. Raises ``CommandFailed``."""

    def files(self, schema: str) -> list[str]:
        """The files that are kept of a school."""

    def processes_of(self, program: str) -> set[int]:
        """The numbers of a program's processes."""

    def kill(self, program: str) -> None:
        """End a program's processes by SIGKILL."""

    def another_school(self, slug: str) -> Target:
        """A school with the people of the demo's first one, made now."""


class CommandFailed(Exception):
    """A command ended with another code than 0; the message is the end of what it said."""


@dataclass(slots=True)
class Target:
    """One school of the running stack. ``passwords`` by username."""

    send: Send
    host: str
    passwords: dict[str, str]
    outside: Outside
    # For a program of somebody else's that asks by itself.
    origin: str = ""
    # Who → their token, and when it was given.
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    # What was given to whoever asked, and stands in no log: one-time links, addresses that open something.
    given: set[str] = field(default_factory=set)
    clock: Callable[[], float] = time.monotonic
    _logging_in: threading.Lock = field(default_factory=threading.Lock)

    @property
    def slug(self) -> str:
        return self.host.partition(".")[0]

    def ask(
        self, method: str, path: str, by: str = "", body: Any = None, *, address: str = "", **headers: str
    ) -> Answer:
        """Ask the API as ``by``; nobody where it is empty."""
        sent = {"Host": self.host, "Accept": "application/json", **headers}
        if by:
            sent["Authorization"] = f"Bearer {self.token(by)}"
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        # The path as it stands: what is wrong with it is what is tried.
        return self.send(method, f"{API}/{path}", content, sent, address)

    def log_in(self, who: str, password: str, *, address: str = "") -> Answer:
        return self.ask("POST", "auth/login", body={"login": who, "password": password}, address=address)

    def token(self, who: str) -> str:
        with self._logging_in:
            token, at = self.tokens.get(who, ("", 0.0))
            if not token or self.clock() - at > FORGOTTEN_S:
                at = self.clock()
                token = str(self.log_in(who, self.passwords[who]).expect(200).json["access_token"])
                self.tokens[who] = token, at
            return token

    def rows(self, path: str, by: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", path, by).expect(200).json["results"]
        return found

    def made(self, path: str, by: str, body: Any) -> Any:
        """What became of a POST."""
        return self.ask("POST", path, by, body).expect().json


class Browser:
    """A session at the office."""

    def __init__(self, target: Target, who: str) -> None:
        self._target = target
        self._cookies: dict[str, str] = {}
        said = {"username": who, "password": target.passwords[who]}
        said["csrfmiddlewaretoken"] = _form_token(self.get("/office/login/").body.decode())
        said["login"] = who
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._send("POST", "/office/login/", urllib.parse.urlencode(said).encode(), form)
        if answer.status != 302:
            raise RuntimeError(f"{who} does not get into the office: {answer.status}")

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self._send("GET", path, None, {**(headers or {})})

    def post(
        self,
        path: str,
        said: dict[str, str],
        *,
        page: str = "",
        headers: Mapping[str, str] | None = None,
        **files: tuple[str, bytes],
    ) -> Answer:
        """Send the form of ``page`` (that at ``path`` unless said), with files by the names of their fields."""
        token = _form_token(self.get(page or path).body.decode(errors="replace"))
        mark = uuid4().hex
        parts = [(f'name="{name}"', value.encode()) for name, value in {**said, "csrfmiddlewaretoken": token}.items()]
        parts += [(f'name="{name}"; filename="{called}"', content) for name, (called, content) in files.items()]
        body = b"".join(
            f"--{mark}\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + content + b"\r\n"
            for about, content in parts
        )
        kind = {**(headers or {}), "Content-Type": f"multipart/form-data; boundary={mark}"}
        return self._send("POST", path, body + f"--{mark}--\r\n".encode(), kind)

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        held = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        sent = {"Host": self._target.host, "Accept": "text/html", "Cookie": held, **headers}
        sent["Referer"] = f"http://{sent['Host']}{path}"
        answer = self._target.send(method, path, body, sent, "")
        for line in answer.headers.get("set-cookie", "").split("\n"):
            name, _, value = line.partition(";")[0].partition("=")
            if name:
                self._cookies[name.strip()] = value
        return answer


def _form_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    return found.group(1) if found else ""


def over_http(port: int) -> Send:
    """One request on a connection of its own; several cookies stand on lines of one header."""

    def send(method: str, path: str, body: bytes | None, headers: dict[str, str], address: str) -> Answer:
        # All of 127.0.0.0/8 is this machine: whoever asks from .2 and .3 is two strangers.
        source = (address, 0) if address else None
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=source)
        try:
            chunked = headers.get("Transfer-Encoding") == "chunked" and body is not None
            connection.request(method, path, iter([body]) if chunked else body, headers, encode_chunked=chunked)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        found = {name.lower(): "\n".join(answer.headers.get_all(name) or ()) for name in answer.headers}
        return Answer(f"{method} {path}", answer.status, found, content)

    return send


class Machine:
    """The outside of a stack that runs here."""

    def __init__(self, up: demo.Stack) -> None:
        self._up = up
        self._environment = {**os.environ, **up.supervisor.environment}
        self.admin_url = up.addresses.values["DATABASE_ADMIN_URL"].replace("postgres://", "postgresql://", 1)
        self._media = Path(self._environment["MEDIA_ROOT"])
        self.targets: list[Target] = []
        urls = (urllib.parse.urlsplit(each) for each in up.addresses.values.values())
        self.passwords = {each.password for each in urls if each.password}

    def rows(self, query: str, *values: Any, role: str = "") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            if role:
                name = sql.Identifier(role)
                grant = sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE")
                connection.execute(grant.format(name))
                connection.execute(sql.SQL("SET ROLE {}").format(name))
            answered = connection.execute(query.encode(), values or None)
            return answered.fetchall() if answered.description else []

    def manage(self, *arguments: str) -> str:
        return self.run("manage.py", *arguments)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self._environment,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(f"{' '.join(arguments)[:80]}: {(done.stdout + done.stderr)[-600:]}")
        return done.stdout

    def files(self, schema: str) -> list[str]:
        return [str(each) for each in (self._media / schema).rglob("*") if each.is_file()]

    def processes_of(self, program: str) -> set[int]:
        return {each.pid for each in self._running(program)}

    def kill(self, program: str) -> None:
        processes.kill(self._running(program))

    def _running(self, program: str) -> list[Process]:
        # By what stands on record and in /proc: what the supervisor thinks of itself is not asked.
        mark = json.loads(self._up.supervisor.record.read_text(encoding="utf-8"))["mark"]
        return [each for each in processes.everyone() if processes.carries(each.pid, f"{PROGRAM}={mark}:{program}")]

    def another_school(self, slug: str) -> Target:
        self.run("-c", _MAKE, slug)
        passwords = {
            login["username"]: f"{login['username']}-of-{slug}-demo" for login in self._up.schools[0]["logins"]
        }
        return self.school(f"{slug}.localhost", passwords)

    def school(self, host: str, passwords: dict[str, str]) -> Target:
        port = self._up.port
        self.targets.append(Target(over_http(port), host, passwords, self, f"http://127.0.0.1:{port}"))
        return self.targets[-1]

    @contextmanager
    def tended(self) -> Iterator[None]:
        """What dies is started again meanwhile, as ``make demo`` does it."""
        over = threading.Event()

        def tend() -> None:
            while not over.wait(0.5):
                self._up.tend()

        keeper = threading.Thread(target=tend)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
