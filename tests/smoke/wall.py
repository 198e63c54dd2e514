"""Every route × method, tried by those who must not, and once by somebody who may."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.api.addresses import Address
from tests.smoke.asks.table import Ask, NoAskDeclared, ask_for, named, path_of
from tests.smoke.day import WrongAnswer
from tests.smoke.rows import Rows
from tests.smoke.web import Answer, NotAsExpected
from tests.smoke.world import NothingThere, World

Say = Callable[[str], None]
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Side:
    """A school and how to recognise it: its schema, its name, and at any moment its ids and people."""

    world: World
    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who must not get in: ``at_home`` they knock at Oak's address, else they take Oak's token to Elm's."""

    who: str
    token: str | None
    at_home: bool


@dataclass(slots=True)
class Report:
    """How many were tried, and what went wrong: a leak, or a twin that should have succeeded."""

    probes: int = 0
    twins: int = 0
    leaks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Wall:
    """Oak is probed; Elm is the other school. ``rows`` reads both, with the login that owns them."""

    def __init__(self, oak: Side, elm: Side, rows: Rows, strangers: Iterable[Stranger]) -> None:
        self._oak, self._elm, self._rows = oak, elm, rows
        self._strangers = tuple(strangers)
        self.report = Report()
        self._together = ThreadPoolExecutor(max(len(self._strangers), 1))
        self._known: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._read: dict[str, Ask] = {}

    def probe(self, addresses: Iterable[Address]) -> Report:
        """Try all of ``addresses``."""
        for address in addresses:
            try:
                self._probe(address)
            except NoAskDeclared as missing:
                self.report.failures.append(str(missing))
            except (NotAsExpected, NothingThere, WrongAnswer) as refused:
                self.report.failures.append(f"{address} could not be made ready: {refused}")
        return self.report

    def _probe(self, address: Address) -> None:
        # Reading uses nothing up: what was made ready for an address serves its alias too.
        known = self._read.get(named(address)) if address.method == "GET" else None
        made = known or ask_for(address, self._oak.world)
        if address.method == "GET" and not made.used_up:
            self._read[named(address)] = made
        before = self._look()
        if made.used_up and (made.public or made.anywhere):
            for stranger in self._strangers:
                if stranger is not self._strangers[0]:
                    made = ask_for(address, self._oak.world)
                    before = self._look()
                self._judge(
                    address, made, stranger, self._send(address, made, stranger.token, at_home=stranger.at_home)
                )
                self._compare(address, made, before)
            made = ask_for(address, self._oak.world)
        else:
            for stranger, answer in zip(self._strangers, self._all_send(address, made), strict=True):
                self._judge(address, made, stranger, answer)
            self._compare(address, made, before)
        token = made.token or self._oak.world.token(made.by or self._oak.world.administrator)
        twin = self._send(address, made, token, at_home=True)
        self.report.twins += 1
        if not twin.ok:
            self.report.failures.append(f"{address}: whoever may is refused: {twin.status} {twin.body[:400]!r}")
        self._names_the_other(address, "whoever may", twin, self._elm)

    def _all_send(self, address: Address, made: Ask) -> list[Answer]:
        def send(each: Stranger) -> Answer:
            return self._send(address, made, each.token, at_home=each.at_home)

        # Whoever is turned away is so beside others too; what everybody may do is done by one after the other.
        at_once = map if made.public or made.anywhere else self._together.map
        return list(at_once(send, self._strangers))

    def _send(self, address: Address, made: Ask, token: str | None, *, at_home: bool) -> Answer:
        side = self._oak if at_home else self._elm
        path = "/api/v1/" + path_of(address, made.ids)
        return side.world.send(address.method, path, token, made.body, made.query, made.headers)

    # --- judging ------------------------------------------------------------------------------------------------------
    def _judge(self, address: Address, made: Ask, stranger: Stranger, answer: Answer) -> None:
        self.report.probes += 1
        open_to_them = made.anywhere or (made.public and stranger.at_home)
        if answer.ok and not open_to_them:
            self._leak(address, stranger.who, f"was let in: {answer.status} {answer.body[:200]!r}")
        if answer.status >= 500:
            self.report.failures.append(f"{address}: {stranger.who} got {answer.status}: {answer.body[:200]!r}")
        self._names_the_other(address, stranger.who, answer, self._elm if stranger.at_home else self._oak)
        if not open_to_them:
            self._names_the_other(address, stranger.who, answer, self._oak if stranger.at_home else self._elm)

    def _names_the_other(self, address: Address, who: str, answer: Answer, side: Side) -> None:
        ids, names = self._known[side.schema]
        named = sorted(each.decode() for each in set(UUID.findall(answer.body)) if each.decode() in ids)
        text = answer.body.decode(errors="replace")
        named += [name for name in (side.name, *names) if name in text]
        if named:
            self._leak(address, who, f"was told of {', '.join(named[:5])}, which is {side.name}'s")

    def _look(self) -> tuple[Any, Any]:
        """What the tables hold before the strangers come, and who and what is in them."""
        # A worker that is still at something would change them meanwhile.
        self._oak.world.settle()
        for side in (self._oak, self._elm):
            self._known[side.schema] = self._rows.ids(side.schema), self._rows.names(side.schema)
        return self._snapshot()

    def _snapshot(self) -> tuple[Any, Any]:
        return self._rows.checksums(self._oak.schema), self._rows.checksums(self._elm.schema)

    def _compare(self, address: Address, made: Ask, before: tuple[Any, Any]) -> None:
        after = self._snapshot()
        # What everybody may do at Oak changes Oak, and should.
        sides = (self._elm,) if made.public else (self._oak, self._elm)
        for side, old, new in zip((self._oak, self._elm), before, after, strict=True):
            if side in sides and (changed := self._rows.changed(old, new)):
                self._leak(address, "somebody", f"changed {side.name}'s {', '.join(changed)}")

    def _leak(self, address: Address, who: str, what: str) -> None:
        self.report.leaks.append(f"{address}: {who} {what}")
