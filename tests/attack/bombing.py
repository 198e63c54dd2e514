"""One school sends files that unfold, eight at once; the school beside it is asked all the while, and in quiet."""

from __future__ import annotations

import statistics
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.apps.exchange import bombs
from tests.attack.target import Target

AT_ONCE = 8
ASKED_EVERY_S = 0.1
QUIET_S = 20.0
# Quiet, bombed, quiet, bombed: what the machine does beside us falls on both.
ROUNDS = 2
PATIENCE_S = 900.0
FINISHED_EVERY_S = 1.0
OVER = frozenset({"validated", "failed", "expired", "stopped"})


@dataclass(slots=True)
class Beside:
    """How the neighbour was answered: milliseconds in quiet and beside bombs; what was not answered, or never done."""

    quiet: list[float] = field(default_factory=list)
    bombed: list[float] = field(default_factory=list)
    unanswered: int = 0
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
        bomber = threading.Thread(target=lambda: seen.wrong.update(bomb(oak)))
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


def upload(target: Target, name: str, content: bytes) -> tuple[int, str]:
    """(status, the import's id)."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = target.ask("POST", "imports", "erin", body, **kind)
    return answer.status, answer.headers.get("location", "").rpartition("/")[2]


def bomb(target: Target) -> dict[str, str]:
    """Send everything, eight at once: what was not answered as it should, and imports that nobody finished."""
    files = [
        *(("students.xlsx", name, make) for name, make in bombs.XLSX.items()),
        *(("roster.zip", name, make) for name, make in bombs.ZIP.items()),
        *(("students.csv", name, make) for name, make in bombs.CSV.items()),
    ]
    made = [(called, name, make()) for called, name, make in files]
    wrong: dict[str, str] = {}
    waiting: dict[str, str] = {}
    lock = threading.Lock()

    def send() -> None:
        while True:
            with lock:
                if not made:
                    return
                called, name, content = made.pop()
            try:
                status, number = upload(target, called, content)
            except OSError as nothing:
                status, number = 0, str(nothing)
            with lock:
                if status == 202:
                    waiting[number] = name
                elif not status or (status >= 500 and status != 503):
                    wrong[name] = f"answered {status} {number}".rstrip()

    threads = [threading.Thread(target=send) for _ in range(AT_ONCE)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return wrong | _unfinished(target, waiting)


def _unfinished(target: Target, waiting: dict[str, str]) -> dict[str, str]:
    """What was taken for a roster, or never finished, of the imports in ``waiting``: id → name."""
    wrong: dict[str, str] = {}
    until = time.monotonic() + PATIENCE_S
    while waiting and time.monotonic() < until:
        for number in list(waiting):
            state = (target.ask("GET", f"imports/{number}", "erin").json or {}).get("state")
            if state in OVER:
                name = waiting.pop(number)
                if state != "failed":
                    wrong[name] = f"was taken for a roster: {state}"
        time.sleep(FINISHED_EVERY_S)
    return wrong | dict.fromkeys(waiting.values(), "was never finished")
