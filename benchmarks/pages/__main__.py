"""``make bench-pages``: CPU time of web and database per request, ours ÷ the floor, both in one process, A B A B.

The unit beside it is one Argon2id hash as a login makes it, so that figures of two machines can be compared. The last
line is ``RESULT {…}``: the worst ratios, four requests in hashes, and the function calls of reading a roll.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.pages.callers import Caller
from benchmarks.servers import on_servers
from tests.outside import refuse_base_url

ROUNDS = 7
REQUESTS = 10
STUDENTS = 400
DAYS = 30
GOALS = {
    "worst_api_vs_floor": 2.5,
    "worst_page_vs_floor": 4.0,
    "roll_get_hashes": 0.35,
    "mark60_hashes": 1.5,
    "grid_hashes": 0.9,
    "start_hashes": 1.2,
    "calls_roll_get": 15_000,
    "mark60_vs_mark5": 1.0,
}

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Ask = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Pair:
    """One thing to ask for: ours, its floor, and what is asked (address and body) of each, anew for every request."""

    name: str
    kind: str
    caller: Caller
    asked: Callable[[], tuple[str, bytes]]
    method: str = "PUT"
    # Of which the floor is its own SQL, replayed.
    replayed: bool = False

    def ask(self, caller: Caller) -> bytes:
        path, body = self.asked()
        return caller(path, method=self.method if body else "GET", body=body)


class Meter:
    """Processor time of this process and of a backend of the database, in milliseconds."""

    def __init__(self, backend: int) -> None:
        self._backend = Path(f"/proc/{backend}/schedstat")

    def _read(self) -> tuple[int, int]:
        return time.process_time_ns(), int(self._backend.read_text().split()[0])

    def of(self, ask: Ask, requests: int) -> tuple[float, float]:
        """Per request: both together, and the database's part."""
        began = self._read()
        for _ in range(requests):
            ask()
        web, database = ((now - then) / 1e6 / requests for now, then in zip(self._read(), began, strict=True))
        return web + database, database


def hash_ms() -> float:
    """One Argon2id hash as a login makes it, the median of eleven."""
    from apps.accounts.hashers import SchoolArgon2Hasher

    hasher = SchoolArgon2Hasher()
    times = []
    for _ in range(11):
        began = time.process_time_ns()
        hasher.encode("correct horse battery staple", "a salt of sixteen")
        times.append((time.process_time_ns() - began) / 1e6)
    return statistics.median(times)


def calls(ask: Ask) -> int:
    """Function calls of one request, exactly: Python's and those into C."""
    profile = cProfile.Profile()
    gc.disable()
    profile.runcall(ask)
    gc.enable()
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined,no-any-return]


def queries(ask: Ask) -> int:
    """How many statements ``ask`` sends to the database."""
    from django.db import connection

    sent: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    return len(sent)


def facts_of(answer: bytes) -> set[str]:
    """What an answer says: of JSON every value but the place of the next page, of a page every public id."""
    if not answer.startswith(b"{"):
        return set(UUID.findall(answer.decode()))
    return set(_leaves({name: value for name, value in json.loads(answer).items() if name != "next"}))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield str(value)


def pairs_of(ground: Any) -> list[Pair]:
    """What is measured."""
    place = ground.place
    head, bob, office, page = ground.head, ground.teacher, ground.office, ground.teacher_page
    child = f"/family/children/{place.child}"

    def at(path: str) -> Callable[[], tuple[str, bytes]]:
        return lambda: (path, b"")

    api = "/api/v1"
    return [
        Pair("roll_get", "api", bob, at(f"{api}/sections/{place.large}/roll/{place.day}")),
        Pair("roll_class", "api", bob, at(f"{api}/classes/{place.course_class}/roll/{place.day}/{place.period}")),
        Pair("mark60", "api", bob, place.next_roll),
        Pair("mark_class", "api", bob, place.next_class_roll),
        Pair("students", "api", head, at(f"{api}/students?limit=50")),
        Pair("search", "api", head, at(f"{api}/students?q=Ha")),
        Pair("absentees", "api", head, at(f"{api}/absentees")),
        Pair("history", "api", head, at(f"{api}/students/{place.student}/attendance")),
        Pair("day", "api", head, at(f"{api}/days/{place.day}")),
        Pair("not_taken", "api", head, at(f"{api}/rolls/not-taken")),
        Pair("my_classes", "api", bob, at(f"{api}/my/classes")),
        Pair("today", "api", bob, at(f"{api}/today")),
        Pair("me", "api", bob, at(f"{api}/me")),
        Pair("exams", "api", head, at(f"{api}/exams")),
        Pair("exam_marks", "api", head, at(f"{api}/exams/{place.paper}/marks")),
        Pair("login", "api", ground.nobody, lambda: (f"{api}/auth/login", place.login), method="POST"),
        Pair("bills", "api", ground.bursar, at(f"{api}/invoices?limit=50"), replayed=True),
        Pair("account", "api", ground.bursar, at(f"{api}/students/{place.child}/statement"), replayed=True),
        Pair("payments", "api", ground.bursar, at(f"{api}/payments"), replayed=True),
        Pair("guardians", "api", head, at(f"{api}/guardians"), replayed=True),
        Pair("staff", "api", head, at(f"{api}/staff"), replayed=True),
        Pair("sections", "api", head, at(f"{api}/sections"), replayed=True),
        Pair("family", "page", ground.parent, at("/family/"), replayed=True),
        Pair("family_days", "page", ground.parent, at(f"{child}/attendance/"), replayed=True),
        Pair("family_marks", "page", ground.parent, at(f"{child}/marks/"), replayed=True),
        Pair("family_bills", "page", ground.parent, at(f"{child}/bills/"), replayed=True),
        Pair("mark_again", "api", bob, place.next_marking),
        Pair("grid", "page", office, at(f"/office/rolls/section/{place.large}/{place.day}/")),
        Pair("week", "page", office, at(f"/office/rolls/section/{place.large}/week/{place.day}/")),
        Pair("desk", "page", ground.desk, at("/office/desk/?q=Ha")),
        Pair("roll_sheet", "page", page, at(f"/roll/section/{place.large}/{place.day}/")),
        Pair("roll_list", "page", page, at("/roll/")),
        Pair("start", "page", office, at("/office/")),
        Pair("student_list", "page", office, at("/office/students/student/")),
        Pair("student", "page", office, at(f"/office/student/{place.student}/")),
    ]


@dataclass(frozen=True, slots=True)
class Compared:
    """Medians over the rounds: ours ÷ the floor's, and milliseconds of each with what of them is the database's."""

    ratio: float
    ours: float
    floor: float
    ours_database: float
    floor_database: float

    def line(self, unit: float) -> str:
        """As it is printed; ``unit``: milliseconds of a hash."""
        return (
            f"   ours {self.ours:7.2f} ms ({self.ours_database:5.2f} database) = {self.ours / unit:5.2f} hashes"
            f"   floor {self.floor:6.2f} ({self.floor_database:5.2f})   ratio {self.ratio:5.2f}"
        )


def compare(pair: Pair, floor: Caller, meters: tuple[Meter, Meter], rounds: int) -> Compared:
    """What ``rounds`` of A B A B say."""
    ours, bare = partial(pair.ask, pair.caller), partial(pair.ask, floor)
    # A roll is taken for the first time once.
    again = pair.name not in {"mark60", "mark_class"}
    requests = REQUESTS if again else 2
    # Tokens are other ones each time.
    alike = again and not pair.replayed and pair.name != "login"
    if alike and (missing := facts_of(pair.ask(pair.caller)) - facts_of(pair.ask(floor))):
        raise SystemExit(f"The floor of {pair.name} leaves out {sorted(missing)[:10]}.")
    for ask in (ours, bare):
        for _ in range(3):
            ask()
    a: list[tuple[float, float]] = []
    b: list[tuple[float, float]] = []
    for _ in range(rounds):
        gc.collect()
        for _ in range(2):
            a.append(meters[0].of(ours, requests))
            b.append(meters[1].of(bare, requests))
    ratios = [(a[n][0] + a[n + 1][0]) / (b[n][0] + b[n + 1][0]) for n in range(0, len(a), 2)]
    medians = [statistics.median(each[part] for each in side) for part in (0, 1) for side in (a, b)]
    return Compared(statistics.median(ratios), *medians)


def measured(ground: Any, given: argparse.Namespace) -> dict[str, float]:
    """The figures of all pairs, printed on the way."""
    from django.db import connection

    from apps.accounts.models import User
    from benchmarks.pages.floors import Floor, connected
    from benchmarks.pages.replayed import Replayed
    from schoolops import clock
    from schoolops.context import inside

    with inside(ground.school):
        users = dict(User.objects.values_list("username", "pk"))
        connection.ensure_connection()
        parameters = {**connection.get_connection_params(), "cursor_factory": None, "context": None}
        own = connection.connection.info.backend_pid
    known = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if parameters.get(name)}
    with connected(ground.school, known) as raw:
        floor = Floor(raw, ground.school, moment=clock.now())
        for caller, name in ((ground.office, "head"), (ground.teacher_page, "bob"), (ground.desk, "clerk")):
            floor.sessions[caller.session] = users[name]
        meters = Meter(own), Meter(raw.info.backend_pid)
        unit = hash_ms()
        print(f"one Argon2id hash: {unit:.1f} ms of processor time")
        result: dict[str, float] = {"hash_ms": round(unit, 1)}
        worst: dict[str, float] = {"api": 0.0, "page": 0.0}
        for pair in pairs_of(ground):
            if given.only and pair.name not in given.only:
                continue
            ask = partial(pair.ask, pair.caller)
            for _ in range(3):
                ask()
            counted, sent, size = calls(ask), queries(ask), len(pair.ask(pair.caller))
            if given.profile:
                _profiled(ask, given.profile)
            bare = Replayed(raw, ask) if pair.replayed else floor
            line = f"  {pair.name:<13}{sent:3} statements {counted:8,} calls {size / 1000:7.1f} kB"
            if not given.calls and pair.name != "mark_again":
                found = compare(pair, pair.caller.asking(bare), meters, given.rounds)
                if not pair.replayed:
                    worst[pair.kind] = max(worst[pair.kind], found.ratio)
                result[f"{pair.name}_hashes"] = round(found.ours / unit, 3)
                result[f"{pair.name}_vs_floor"] = round(found.ratio, 2)
                line += found.line(unit)
            result[f"calls_{pair.name}"] = counted
            print(line, flush=True)
    result |= {f"worst_{kind}_vs_floor": round(ratio, 2) for kind, ratio in worst.items()}
    small = ground.place.marked(*ground.place.small, ground.place.day)
    five = queries(lambda: ground.teacher(small[0], method="PUT", body=small[1]))
    address, body = ground.place.next_roll()
    sixty = queries(lambda: ground.teacher(address, method="PUT", body=body))
    print(f"  marking 5: {five} statements, marking 60: {sixty}")
    return result | {"mark60_vs_mark5": round(sixty / five, 3)}


def _profiled(ask: Ask, by: str) -> None:
    profile = cProfile.Profile()
    profile.runcall(ask)
    pstats.Stats(profile, stream=sys.stdout).sort_stats(by).print_stats(45)


def main() -> None:
    """Measure on servers of our own, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="*", default=(), help="these alone")
    parser.add_argument("--calls", action="store_true", help="statements and function calls alone, which are exact")
    parser.add_argument("--profile", default="", help="where the time goes, sorted by this (tottime, cumtime)")
    given = parser.parse_args()
    refuse_base_url("bench-pages compares processor time inside one process of its own.")
    with on_servers():
        from benchmarks.pages import ground

        with ground.prepared(STUDENTS, DAYS) as prepared:
            result = measured(prepared, given)
    missed = [f"{name} {result[name]} > {goal}" for name, goal in GOALS.items() if result.get(name, 0) > goal]
    if missed:
        print(f"Missed: {', '.join(missed)}")
    print(f"RESULT {json.dumps(result)}")


if __name__ == "__main__":
    main()
