"""Clients that post intentions and keep a journal on disk: what was meant before the first try, the answer after it."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

KINDS = (("poison", 0.001), ("raise", 0.006), ("refuse", 0.004), ("cancel", 0.004), ("later", 0.02))


@dataclass(frozen=True, slots=True)
class Intention:
    n: int
    school: str
    kind: str
    task: int


@dataclass(slots=True)
class Journal:
    """One line per fact, on disk before anybody goes on."""

    path: Path
    meant: dict[int, Intention] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _file: int = -1

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)

    def mean(self, intention: Intention) -> None:
        self._write({"meant": intention.n, "school": intention.school, "kind": intention.kind})
        self.meant[intention.n] = intention

    def answer(self, n: int) -> None:
        self._write({"answered": n})
        self.answered[n] = time.time()

    def _write(self, fact: dict[str, object]) -> None:
        os.write(self._file, json.dumps(fact).encode() + b"\n")
        os.fsync(self._file)


@dataclass(slots=True)
class Clients:
    """So many people at once, each sending the next intention when the last one is answered."""

    port: int
    tokens: dict[str, str]
    journal: Journal
    seed: int
    people: int = 16
    pause_s: float = 0.02
    only_well: bool = False
    _begin: threading.Event = field(default_factory=threading.Event)
    _enough: threading.Event = field(default_factory=threading.Event)
    _give_up: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _forced: list[str] = field(default_factory=list)

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._person, args=(i,), daemon=True) for i in range(self.people)]
        for thread in self._threads:
            thread.start()

    def ask_for(self, kind: str) -> None:
        """Let the next intention be of this kind."""
        self._forced.append(kind)

    def stop(self, seconds: float) -> None:
        """No new intentions; those under way are sent until they are answered, ``seconds`` at most."""
        self._enough.set()
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._give_up.set()

    def _person(self, number: int) -> None:
        dice = random.Random(f"{self.seed}/{number}")
        schools = sorted(self.tokens)
        connection: http.client.HTTPConnection | None = None
        count = 0
        while not self._enough.is_set():
            count += 1
            intention = Intention(
                n=(number + 1) * 1_000_000 + count,
                school=dice.choice(schools),
                kind=self._kind(dice),
                task=dice.randrange(1000),
            )
            self.journal.mean(intention)
            while not self._give_up.is_set():
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                try:
                    if self._send(connection, intention):
                        self.journal.answer(intention.n)
                        break
                except (OSError, http.client.HTTPException):
                    connection.close()
                    connection = None
                time.sleep(dice.uniform(0.05, 0.3))
            time.sleep(self.pause_s)

    def _kind(self, dice: random.Random) -> str:
        if self._forced:
            return self._forced.pop()
        if self.only_well:
            # Plain Celery has no answer to a job that kills its worker; it shall be compared on what it can do.
            return "well"
        draw = dice.random()
        for kind, share in KINDS:
            if draw < share:
                return kind
            draw -= share
        return "well"

    def _send(self, connection: http.client.HTTPConnection, intention: Intention) -> bool:
        body = json.dumps({"n": intention.n, "kind": intention.kind, "task": intention.task})
        headers = {
            "Host": f"{intention.school}.localhost",
            "Authorization": f"Bearer {self.tokens[intention.school]}",
            "Idempotency-Key": f"intention-{intention.n}",
            "Content-Type": "application/json",
        }
        connection.request("POST", "/intend", body, headers)
        response = connection.getresponse()
        text = response.read()
        if response.status in {400, 401, 403, 404, 422}:
            raise SystemExit(f"the driver is wrong: {response.status} {text!r}")
        return response.status == 201
