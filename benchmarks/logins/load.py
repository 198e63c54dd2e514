"""Three hundred people at the login, each by a new connection, who come again when they are told to; and teachers."""

from __future__ import annotations

import json
import queue
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.logins.stage import HOST, Teacher
from tests.factories import people

TIMEOUT_S = 60.0
_APPOINTMENT = re.compile(rb"so_appointment=([^;]+)")
_EXACTLY = re.compile(rb'"retry_after_ms": ?(\d+)')


def ask(
    port: int, method: str, path: str, body: bytes = b"", token: str = "", version: str = "", appointment: str = ""
) -> tuple[int, float, str]:
    """(status, seconds to wait or 0, ETag or appointment). By a bare socket: what that costs, the server cannot have.

    The seconds are those of ``retry_after_ms`` in the document, or of Retry-After where there is none.
    """
    more = f"Authorization: Bearer {token}\r\n" if token else ""
    more += f"If-Match: {version}\r\n" if version else ""
    more += f"Cookie: so_appointment={appointment}\r\n" if appointment else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head.encode() + body)
        answer = bytearray()
        while received := connection.recv(65536):
            answer += received
    head_said, _, body_said = bytes(answer).partition(b"\r\n\r\n")
    lines = head_said.lower().split(b"\r\n")
    said = {name: value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    exactly = _EXACTLY.search(body_said) if b"retry-after" in said else None
    return (
        int(lines[0].split()[1]) if lines[0] else 0,
        int(exactly[1]) / 1000 if exactly else float(said.get(b"retry-after", 0)),
        (found[1] if (found := _APPOINTMENT.search(said.get(b"set-cookie", b""))) else said.get(b"etag", b"")).decode(),
    )


@dataclass(slots=True)
class Crowd:
    """What became of people who log in."""

    done: int = 0
    refused: int = 0
    # When nobody waited for them any more.
    still_waiting: int = 0
    other: dict[int, int] = field(default_factory=dict)
    finished_at: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def coming(self, port: int, logins: int, at_once: int) -> Iterator[None]:
        """``at_once`` people log in again and again, as one of ``logins`` after the other, while the block runs."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        over = threading.Event()

        def come() -> None:
            while not over.is_set():
                number = waiting.get()
                self.person(port, _only(number), float("inf"), over)
                waiting.put(number)

        for number in range(logins):
            waiting.put(number)
        threads = [threading.Thread(target=come) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def person(
        self, port: int, waiting: queue.SimpleQueue[int], until: float, over: threading.Event | None = None
    ) -> None:
        """Log in as one after the other of ``waiting``."""
        while time.monotonic() < until:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            body = json.dumps({"login": f"user-{number}", "password": people.PASSWORD}).encode()
            appointment = ""
            while time.monotonic() < until and not (over and over.is_set()):
                try:
                    status, wait, said = ask(port, "POST", "/api/v1/auth/login", body, appointment=appointment)
                    appointment = said if status == 503 else ""
                except OSError:
                    status, wait = 0, 1
                with self.lock:
                    if status == 200:
                        self.done += 1
                        self.finished_at.append(time.monotonic())
                    elif status == 503:
                        self.refused += 1
                    else:
                        self.other[status] = self.other.get(status, 0) + 1
                if status == 200:
                    break
                patience_s = (wait or 1) + random.uniform(0, 0.05)
                if over is None:
                    time.sleep(patience_s)
                else:
                    over.wait(patience_s)


def _only(number: int) -> queue.SimpleQueue[int]:
    one: queue.SimpleQueue[int] = queue.SimpleQueue()
    one.put(number)
    return one


def steady(port: int, logins: int, at_once: int, seconds: float, spent: Callable[[], Spending]) -> Steady:
    """What became of ``at_once`` people who keep the server busy, once they have, for so many seconds.

    Neither the beginning, when all come at once, nor the end, when the last who were told to come again are waited for
    and nothing is done, belong to what a busy server achieves. ``spent`` begins to count what it costs.
    """
    seen = Crowd()
    with seen.coming(port, logins, at_once):
        time.sleep(2.0)
        counting, before, began = spent(), (seen.done, seen.refused), time.monotonic()
        time.sleep(seconds)
        took, cost = time.monotonic() - began, counting.since()
        done, refused = seen.done - before[0], seen.refused - before[1]
    return Steady(done, refused, took, cost, seen.other)


def crowd(port: int, logins: int, at_once: int, most_s: float) -> tuple[Crowd, float]:
    """``logins`` by ``at_once`` people at the same moment; returns what became of them and the seconds it took."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(logins):
        waiting.put(number)
    seen, until = Crowd(), time.monotonic() + most_s
    threads = [threading.Thread(target=seen.person, args=(port, waiting, until)) for _ in range(at_once)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.still_waiting = logins - seen.done
    return seen, (max(seen.finished_at) if seen.finished_at else time.monotonic()) - began


class Spending(Protocol):
    """Counts processor time from when it was made."""

    def since(self) -> tuple[float, float, float]:
        """Seconds of this program, of the stack, of everybody else."""


@dataclass(frozen=True, slots=True)
class Steady:
    """A stretch of a busy server: logins, refusals, seconds, processor time and unexpected answers."""

    done: int
    refused: int
    took: float
    cost: tuple[float, float, float]
    other: dict[int, int]


@dataclass(slots=True)
class Lessons:
    """How long each roll took, in seconds, and the answers other than 200."""

    took_s: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)


@contextmanager
def marking(port: int, teachers: list[Teacher], every_s: float) -> Iterator[Lessons]:
    """Each teacher marks the own roll every ``every_s`` seconds, whatever the last one took, while the block runs."""
    seen, over, lock = Lessons(), threading.Event(), threading.Lock()
    # All rolls are open before the first is marked: else fifty who open them at once are what the first marks wait for.
    all_open = threading.Barrier(len(teachers) + 1)

    def teach(number: int, teacher: Teacher) -> None:
        _, _, version = ask(port, "GET", teacher.address, token=teacher.token)
        all_open.wait(TIMEOUT_S)
        due = time.monotonic() + every_s * (number + 1) / len(teachers)
        while not over.wait(max(0.0, due - time.monotonic())):
            try:
                status, _, found = ask(port, "PUT", teacher.address, teacher.marks, teacher.token, version)
                version = found or version
            except OSError:
                status = 0
            # From when it was due: a roll that could not be sent because the last one hangs waits too.
            with lock:
                seen.took_s.append(time.monotonic() - due)
                if status != 200:
                    seen.refused[status] = seen.refused.get(status, 0) + 1
            due += every_s

    threads = [threading.Thread(target=teach, args=each) for each in enumerate(teachers)]
    for thread in threads:
        thread.start()
    all_open.wait(TIMEOUT_S)
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()
