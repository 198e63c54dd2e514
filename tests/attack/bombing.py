"""One school sends files that unfold, eight at once, to each door that takes spreadsheets; the school beside it is
asked all the while, and in quiet."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.apps.exchange import bombs
from tests.attack.target import Target
from tests.smoke.rosters import form

AT_ONCE = 8
ASKED_EVERY_S = 0.1
QUIET_S = 20.0
# Quiet, bombed, quiet, bombed: what the machine does beside us falls on both.
ROUNDS = 2
PATIENCE_S = 900.0
FINISHED_EVERY_S = 1.0
OVER = frozenset({"validated", "failed", "expired", "stopped", "read"})
# What a door says of a file that it looked at. Whoever is not let in, or comes too often, has tried none.
REFUSED = frozenset({400, 411, 413, 415, 422})
# Those of the spreadsheets that go to every door; each has one way to be ruinous of its own.
EVERYWHERE = (
    "shared strings", "rows", "a long text in every cell", "nesting", "entities behind a comment", "ZIP in XLSX",
)  # fmt: skip
# The door is full: it says when to come again.
TURNED_AWAY, COMES_AGAIN = 503, 60


@dataclass(slots=True)
class Beside:
    """How the neighbour was answered: milliseconds in quiet and beside bombs; what was not answered, or never done."""

    quiet: list[float] = field(default_factory=list)
    bombed: list[float] = field(default_factory=list)
    unanswered: int = 0
    # Files that a door looked at.
    tried: int = 0
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        return self.unanswered + len(self.wrong)

    @property
    def ratio(self) -> float:
        """The neighbour's p95 beside bombs ÷ in quiet."""
        return p95(self.bombed) / p95(self.quiet)

    def told(self) -> str:
        """For people, in some lines."""
        quiet, bombed, asked = p95(self.quiet), p95(self.bombed), len(self.quiet + self.bombed)
        lines = [f"WRONG  {name}: {why}" for name, why in self.wrong.items()]
        lines += [f"neighbour's p95: {quiet:.0f} ms quiet, {bombed:.0f} ms bombed; {self.unanswered} of {asked} lost"]
        return "\n".join(lines)


def p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


def compared(oak: Target, elm: Target, who: str, *, quiet_s: float = QUIET_S) -> Beside:
    """Bomb ``oak``, in turns with quiet, while ``who`` asks for a page at ``elm``."""
    seen = Beside()
    for _ in range(ROUNDS):
        until = time.monotonic() + quiet_s
        _ask(elm, who, seen.quiet, seen, lambda until=until: time.monotonic() > until)  # type: ignore[misc]
        bomber = threading.Thread(target=_bombed, args=(oak, seen))
        bomber.start()
        _ask(elm, who, seen.bombed, seen, lambda bomber=bomber: not bomber.is_alive())  # type: ignore[misc]
    return seen


def _ask(target: Target, who: str, took: list[float], seen: Beside, over: Callable[[], bool]) -> None:
    while not over():
        began = time.monotonic()
        try:
            seen.unanswered += target.ask("GET", "students", who).status != 200
        except OSError:
            seen.unanswered += 1
        took.append((time.monotonic() - began) * 1000)
        time.sleep(ASKED_EVERY_S)


def _bombed(oak: Target, seen: Beside) -> None:
    try:
        tried, wrong = bomb(oak)
    except Exception as unexpected:  # noqa: BLE001 - what cannot be tried is wrong, and a thread tells nobody
        tried, wrong = 0, {"nothing": f"could be tried: {unexpected!r}"[:600]}
    seen.tried += tried
    seen.wrong |= wrong


def upload(target: Target, name: str, content: bytes, to: str = "imports", **fields: str) -> tuple[int, str]:
    """(status, where it can be asked what became of it)."""
    made = form(content, name, **fields)
    answer = target.ask("POST", to, "erin", made.content, **{"Content-Type": made.kind})
    return answer.status, answer.headers.get("location", "").partition("/api/v1/")[2]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A file for a door: what it is to us, what it is called there, and what goes with it."""

    name: str
    called: str
    content: bytes
    to: str = "imports"
    fields: dict[str, str] = field(default_factory=dict)


def _files(target: Target) -> Iterator[_Sent]:
    campus = target.rows("institutions?limit=1", "erin")[0]["id"]
    session = target.rows("exam-sessions?limit=1", "erin")[0]["id"]
    marks, bank = f"exam-sessions/{session}/mark-file", {"institution_id": campus}
    for called, kind in (("students.xlsx", bombs.XLSX), ("roster.zip", bombs.ZIP), ("students.csv", bombs.CSV)):
        for name, make in kind.items():
            content = make()
            yield _Sent(name, called, content)
            if name in EVERYWHERE:
                yield _Sent(f"{name}, of marks", "marks.xlsx", content, marks)
            if name in EVERYWHERE or kind is bombs.CSV:
                yield _Sent(f"{name}, of a bank", f"bank.{called.rpartition('.')[2]}", content, "bank-statements", bank)
    for called, kind in (("marks.ods", bombs.OPEN_DOCUMENT), ("marks.xls", bombs.XLS)):
        for name, make in kind.items():
            yield _Sent(f"{name}, of marks", called, make(), marks)


def bomb(target: Target) -> tuple[int, dict[str, str]]:
    """Send everything, eight at once: how many a door looked at; what was not answered as it should, or never read."""
    made = list(_files(target))
    there = len(made)
    wrong: dict[str, str] = {}
    waiting: dict[str, str] = {}
    refused = 0
    lock = threading.Lock()

    def send() -> None:
        nonlocal refused
        while True:
            with lock:
                if not made:
                    return
                each = made.pop()
            status, where = _sent(target, each)
            with lock:
                if status == 202:
                    waiting[where or each.name] = each.name
                elif status in REFUSED:
                    refused += 1
                elif status == TURNED_AWAY:
                    wrong[each.name] = "was turned away, and not tried"
                else:
                    wrong[each.name] = f"answered {status} {where}".rstrip()

    threads = [threading.Thread(target=send) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if there and not waiting:
        wrong["nothing"] = "not one file was taken, so none was tried"
    return refused + len(waiting), wrong | _unfinished(target, waiting)


def _sent(target: Target, each: _Sent) -> tuple[int, str]:
    """(status, where it is); 0 where there was no answer."""
    for _ in range(COMES_AGAIN):
        try:
            status, where = upload(target, each.called, each.content, each.to, **each.fields)
        except OSError as nothing:
            return 0, str(nothing)
        if status != TURNED_AWAY:
            break
        time.sleep(FINISHED_EVERY_S)
    return status, where


def _unfinished(target: Target, waiting: dict[str, str]) -> dict[str, str]:
    """What was taken for what it is not, or never finished, of ``waiting``: where it is → name."""
    wrong: dict[str, str] = {}
    until = time.monotonic() + PATIENCE_S
    waiting = dict(waiting)
    while waiting and time.monotonic() < until:
        for where in list(waiting):
            state = (target.ask("GET", where, "erin").json or {}).get("state")
            if state in OVER:
                name = waiting.pop(where)
                if state != "failed":
                    wrong[name] = f"was taken for what it is not: {state}"
        time.sleep(FINISHED_EVERY_S)
    return wrong | dict.fromkeys(waiting.values(), "was never finished")
