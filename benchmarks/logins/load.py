"""Three hundred people at the login, each by a new connection, who come again when they are told to; and teachers.

One thread and bare sockets, what is sent made beforehand: what the load costs, the server cannot have.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.logins.spent import Spent
from benchmarks.logins.stage import HOST, Teacher
from tests.factories import people

TIMEOUT_S = 60.0
_APPOINTMENT = re.compile(rb"so_appointment=([^;]+)")
_EXACTLY = re.compile(rb'"retry_after_ms": ?(\d+)')
_RETRY_AFTER = re.compile(rb"(?i)\r\nretry-after: ?(\d+)")
_VERSION = re.compile(rb"(?i)\r\netag: ?([^\r]+)")


def request(method: str, path: str, body: bytes = b"", token: str = "") -> tuple[bytes, bytes]:
    """What is sent, before and behind the headers that change."""
    more = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"{more}Content-Length: {len(body)}\r\n"
    )
    return head.encode(), b"\r\n" + body


async def ask(port: int, sent: bytes) -> tuple[int, bytes]:
    """(status or 0, the whole answer)."""
    loop = asyncio.get_running_loop()
    answer = bytearray()
    try:
        with socket.socket() as connection:
            connection.settimeout(0)
            async with asyncio.timeout(TIMEOUT_S):
                await loop.sock_connect(connection, ("127.0.0.1", port))
                await loop.sock_sendall(connection, sent)
                while received := await loop.sock_recv(connection, 65536):
                    answer += received
    except OSError:
        return 0, b""
    return int(answer[9:12] or 0), bytes(answer)


def _wait_s(answer: bytes) -> float:
    """The seconds of ``retry_after_ms`` in the document, or of Retry-After where there is none."""
    if exactly := _EXACTLY.search(answer):
        return int(exactly[1]) / 1000
    return float(said[1]) if (said := _RETRY_AFTER.search(answer)) else 1.0


@dataclass(slots=True)
class Crowd:
    """What became of people who log in."""

    done: int = 0
    refused: int = 0
    other: dict[int, int] = field(default_factory=dict)
    last_at: float = 0.0

    async def person(self, port: int, number: int) -> None:
        """Come until they are in."""
        body = json.dumps({"login": f"user-{number}", "password": people.PASSWORD}).encode()
        before, behind = request("POST", "/api/v1/auth/login", body)
        cookie = b""
        while True:
            status, answer = await ask(port, before + cookie + behind)
            if status == 200:
                self.done, self.last_at = self.done + 1, time.monotonic()
                return
            kept = _APPOINTMENT.search(answer) if status == 503 else None
            cookie = b"Cookie: so_appointment=%s\r\n" % kept[1] if kept else b""
            if status == 503:
                self.refused += 1
            else:
                self.other[status] = self.other.get(status, 0) + 1
            await asyncio.sleep(_wait_s(answer) + random.uniform(0, 0.05))

    @asynccontextmanager
    async def coming(self, port: int, logins: int, at_once: int) -> AsyncIterator[None]:
        """``at_once`` people log in again and again, as one of ``logins`` after the other, while the block runs."""
        waiting = list(range(logins))

        async def come() -> None:
            while True:
                number = waiting.pop(0)
                await self.person(port, number)
                waiting.append(number)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(come()) for _ in range(at_once)]
            yield
            for task in tasks:
                task.cancel()


@dataclass(frozen=True, slots=True)
class Done:
    """A stretch of a busy server: logins, refusals, seconds, processor seconds of whom, and unexpected answers.

    ``still_waiting``: of a crowd, when nobody waited for them any more.
    """

    done: int
    refused: int
    took: float
    cost: dict[str, float]
    other: dict[int, int]
    still_waiting: int = 0


async def steady(port: int, logins: int, at_once: int, seconds: float, spent: Callable[[], Spent]) -> Done:
    """What became of ``at_once`` people who keep the server busy, once they have, for so many seconds.

    Neither the beginning, when all come at once, nor the end, when the last who were told to come again are waited for
    and nothing is done, belong to what a busy server achieves. ``spent`` begins to count what it costs.
    """
    seen = Crowd()
    async with seen.coming(port, logins, at_once):
        await asyncio.sleep(2.0)
        counting, before, began = spent(), (seen.done, seen.refused), time.monotonic()
        await asyncio.sleep(seconds)
        took, cost = time.monotonic() - began, counting.since()
        done, refused = seen.done - before[0], seen.refused - before[1]
    return Done(done, refused, took, cost, seen.other)


async def crowd(port: int, logins: int, most_s: float, spent: Callable[[], Spent]) -> Done:
    """``logins`` people at the same moment; what became of them, and how long it took until the last was in."""
    seen, counting, began = Crowd(), spent(), time.monotonic()
    tasks = [asyncio.create_task(seen.person(port, number)) for number in range(logins)]
    _, late = await asyncio.wait(tasks, timeout=most_s)
    for task in late:
        task.cancel()
    took = (seen.last_at or time.monotonic()) - began
    return Done(seen.done, seen.refused, took, counting.since(), seen.other, still_waiting=logins - seen.done)


@dataclass(slots=True)
class Lessons:
    """How long each roll took, in seconds, and the answers other than 200."""

    took_s: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)


def _version_of(answer: bytes, before: bytes) -> bytes:
    return b"If-Match: %s\r\n" % found[1] if (found := _VERSION.search(answer)) else before


@asynccontextmanager
async def marking(port: int, teachers: list[Teacher], every_s: float) -> AsyncIterator[Lessons]:
    """Each teacher marks the own roll every ``every_s`` seconds, whatever the last one took, while the block runs."""
    seen, over = Lessons(), asyncio.Event()

    async def opened(teacher: Teacher) -> bytes:
        _, answer = await ask(port, b"".join(request("GET", teacher.address, token=teacher.token)))
        return _version_of(answer, b"")

    async def teach(number: int, teacher: Teacher, version: bytes) -> None:
        before, behind = request("PUT", teacher.address, teacher.marks, teacher.token)
        due = time.monotonic() + every_s * (number + 1) / len(teachers)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), max(0.001, due - time.monotonic()))
                return
            status, answer = await ask(port, before + version + behind)
            version = _version_of(answer, version)
            # From when it was due: a roll that could not be sent because the last one hangs waits too.
            seen.took_s.append(time.monotonic() - due)
            if status != 200:
                seen.refused[status] = seen.refused.get(status, 0) + 1
            due += every_s

    # All rolls are open before the first is marked: else fifty who open them at once are what the first marks wait for.
    versions = await asyncio.gather(*map(opened, teachers))
    async with asyncio.TaskGroup() as group:
        for number, (teacher, version) in enumerate(zip(teachers, versions, strict=True)):
            group.create_task(teach(number, teacher, version))
        yield seen
        over.set()
