"""What was acknowledged is kept: ten clients write through every kind of door, and a journal says what each was told.

A write that was acknowledged is there once; one that was refused is not; one without an answer is there once or not at
all, and once for certain after it was sent again under its key. Counted in the tables, not through the API.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode

from tests.failures.excused import routes_that_write
from tests.failures.stage import UNKNOWN
from tests.failures.writes import A_KILL, KINDS, READY, Kind, Mark, filled, key_for
from tests.observe.stage import until
from tests.smoke.asks.table import Ask, declared
from tests.smoke.web import Answer, Picture
from tests.smoke.world import API, World

CLIENTS = 10
KEY = "Idempotency-Key"
IN_FLIGHT = "api:idempotency-key-in-flight"
# The server was not there at all: as good as a refusal, for nothing was sent.
NOBODY = "nobody"
Send = Callable[[Kind, Ask, str], tuple[int, str]]
# (table's query, marks) → how often each is there
Count = Callable[[Kind, list[str]], Counter[str]]


def sent_once(port: int, host: str, method: str, path: str, token: str | None, body: Any, headers: Any) -> Answer:
    """Over a connection of its own, and never again by itself: who sends twice must know it. Status 0: no answer,
    and the body says so where there was nobody to ask."""
    said = {"Host": host, "Connection": "close", **headers}
    if token:
        said["Authorization"] = f"Bearer {token}"
    content = None
    if isinstance(body, Picture):
        content, said["Content-Type"] = body.content, body.kind
    elif body is not None:
        content, said["Content-Type"] = json.dumps(body).encode(), "application/json"
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, content, said)
        answer = connection.getresponse()
        return Answer(f"{method} {path}", answer.status, dict(answer.getheaders()), answer.read())
    except ConnectionRefusedError:
        return Answer(f"{method} {path}", 0, {}, NOBODY.encode())
    except (OSError, HTTPException):
        return Answer(f"{method} {path}", 0, {}, b"")
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Write:
    """One write as its client saw it. ``key``: under which it was sent, if any; ``after``: how many kills had been let
    go when it was begun."""

    kind: Kind
    ask: Ask
    mark: Mark
    key: str
    status: int
    code: str
    after: int = 0

    @property
    def sought(self) -> str:
        """What stands for it in the column that shows the kind: its mark, or the id in its address."""
        return self.mark.seen_as(self.kind) if self.kind.fills else list(self.ask.ids.values())[-1]

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def unanswered(self) -> bool:
        return not (self.status or self.code == NOBODY) or self.code == UNKNOWN


@dataclass(slots=True)
class History:
    """``send`` writes once, ``count`` looks in the tables; ``let_go``: how many kills were let go so far."""

    send: Send
    count: Count
    ready: dict[str, list[Ask]]
    writes: list[Write] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    kinds: Iterator[Kind] = field(default_factory=lambda: itertools.cycle(KINDS))
    let_go: int = 0

    def write(self) -> Write | None:
        """The next kind of which a request is ready, once; ``None`` where there is none."""
        with self.lock:
            kind = next((each for _, each in zip(KINDS, self.kinds, strict=False) if self.may_be_sent(each)), None)
            if kind is None:
                return None
            mark, asks, after = Mark(next(self.numbers)), self.ready[kind.name], self.let_go
            made = asks.pop() if kind.once else asks[0]
        ask, key = filled(kind, made, mark), key_for(kind, mark)
        written = Write(kind, ask, mark, key, *self.send(kind, ask, key), after)
        with self.lock:
            if kind.once and written.code == NOBODY:
                # It was sent to nobody: another time.
                asks.append(made)
            else:
                self.writes.append(written)
        return written

    def may_be_sent(self, kind: Kind) -> bool:
        """Of what works once some is kept for each kill, so that it is under way when something dies."""
        return len(self.ready[kind.name]) > (max(0, READY - A_KILL * self.let_go) if kind.once else 0)

    @contextmanager
    def being_written(self) -> Iterator[None]:
        """Clients write one after the other while the block runs."""
        over = threading.Event()

        def client() -> None:
            while not over.is_set():
                written = self.write()
                over.wait(0.05 if written and written.status else 0.5)

        threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def sent_again(self) -> set[Mark]:
        """Whatever had no answer and has a key, until it is taken. Raises ``Failed``."""
        waiting = [each for each in self.writes if each.unanswered and each.key]
        with ThreadPoolExecutor(CLIENTS) as clients:
            taken = list(clients.map(self._sent_again, waiting))
        return {each.mark for each, was in zip(waiting, taken, strict=True) if was}

    def _sent_again(self, write: Write) -> bool:
        status = 0

        def answered() -> bool:
            nonlocal status
            status, code = self.send(write.kind, write.ask, write.key)
            # Another may be at it still, or the server not be well yet.
            return 0 < status < 500 and code != IN_FLIGHT

        until(f"{write.kind.name} is answered under its key", answered)
        # Whoever was taken the first time is told so; whoever was not may be refused for what came in between.
        return 200 <= status < 300

    def judged(self, again: set[Mark]) -> dict[str, list[str]]:
        """What is ``lost``, ``doubled``, ``unwanted`` (refused, and there); kinds that ``never`` could be written once
        something had been killed."""
        wrong: dict[str, list[str]] = defaultdict(list)
        for kind in KINDS:
            mine = [each for each in self.writes if each.kind is kind]
            found = self.count(kind, [each.sought for each in mine])
            for each in mine:
                number, sure = found[each.sought], each.taken or each.mark in again
                what = f"{kind.name} {each.sought} ({each.status} {each.code}), {number} times"
                if sure and not number:
                    wrong["lost"].append(what)
                if number > 1:
                    wrong["doubled"].append(what)
                if number and not sure and not each.unanswered:
                    wrong["unwanted"].append(what)
            if not any(each.taken and each.after for each in mine):
                wrong["never"].append(f"{kind.name}: {sorted({(each.status, each.code) for each in mine})}")
        return wrong

    def seen(self) -> str:
        taken = sum(each.taken for each in self.writes)
        silent = sum(each.unanswered for each in self.writes)
        kinds = len({each.kind.name for each in self.writes if each.taken and each.after})
        tried = f"{kinds} of {len(KINDS)} kinds, of {len(routes_that_write())} routes that write"
        return f"{tried}; {taken} of {len(self.writes)} writes taken, {silent} without an answer"


def made_ready(world: World) -> dict[str, list[Ask]]:
    """Valid requests for each kind, before anything is killed."""
    return {kind.name: kind.made(world, READY if kind.once else 1) for kind in KINDS}


def sender(port: int, host: str, token: str) -> Send:
    def send(kind: Kind, ask: Ask, key: str) -> tuple[int, str]:
        headers = {name: said for name, said in ask.headers.items() if name != KEY} | ({KEY: key} if key else {})
        method, _, _ = kind.name.partition(" ")
        query = f"?{urlencode(ask.query)}" if ask.query else ""
        path = f"{API}/{quote(kind.path.format(*ask.ids.values()))}{query}"
        answer = sent_once(port, host, method, path, token, ask.body, headers)
        if not answer.status:
            return 0, answer.body.decode()
        said = answer.json
        return answer.status, str(said.get("code", "")) if isinstance(said, dict) and answer.status >= 400 else ""

    return send


def world_at(port: int, host: str, logins: dict[str, str], administrator: str, working: Callable[[], bool]) -> World:
    """The school as its administrator sees it, for what requests need."""

    def send(method: str, path: str, token: Any, body: Any, query: Any, headers: Any) -> Answer:
        address = quote(path, safe="/:@,") + (f"?{urlencode(query)}" if query else "")
        return sent_once(port, host, method, address, token, body, headers)

    world = World(send, logins, {"administrator": administrator}, lambda _: 0, lambda _: None, working)
    rows = world.get("sections", year_id=world.year["id"], limit="200")["results"]
    held = next(row for row in rows if world.get(f"sections/{row['id']}/students")["results"])
    world.room = f"{held['grade_level_name'].removeprefix('Grade ')} {held['name']}"
    # What the volume of a demo has not.
    world.post("courses", world.course_body())
    world.post("periods", declared("POST periods")(world).body)
    return world
