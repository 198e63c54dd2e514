"""What a school day may cost: the p95 of each kind of request, and when a run counts as missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

BURST: Final = "burst"
STEADY: Final = "steady"


@dataclass(frozen=True, slots=True)
class Target:
    """``name`` is what the requests are called in ``school_day``; ``phase``: when all come at once, or at half of what
    the machine can."""

    name: str
    p95_ms: int
    phase: str = BURST
    at_least: int = 1


LOG_IN: Final = "log in"
READ_ROLL: Final = "read a roll"
MARK_ROLL: Final = "mark a roll"
LIST_STUDENTS: Final = "list students"
LIST_EXAMS: Final = "list exams"
SET_EXAM: Final = "set an exam"
FAMILY_HOME: Final = "a family's first page"
FAMILY_CHILD: Final = "a child's attendance"
FAMILY_MARKS: Final = "a child's marks"
FAMILY_BILLS: Final = "a child's bills"
READ_MARKS: Final = "read a paper's marks"
ENTER_MARKS: Final = "enter a paper's marks"
LIST_BILLS: Final = "list bills"
READ_ACCOUNT: Final = "read an account"
# A login that was told to wait, and every wait until it was let in.
LOG_IN_WITH_WAITS: Final = "log in, waits included"

TARGETS: Final = (
    Target(LOG_IN, 2000),
    Target(READ_ROLL, 2000),
    Target(MARK_ROLL, 2000, at_least=0),
    Target(LIST_STUDENTS, 2000),
    Target(LIST_EXAMS, 2000, at_least=0),
    Target(SET_EXAM, 2000, at_least=0),
    Target(LIST_STUDENTS, 300, STEADY),
    Target(READ_ROLL, 200, STEADY),
    Target(MARK_ROLL, 200, STEADY, at_least=0),
    Target(LIST_EXAMS, 250, STEADY),
    Target(FAMILY_HOME, 300, STEADY),
    Target(FAMILY_CHILD, 300, STEADY),
    Target(FAMILY_MARKS, 300, STEADY),
    Target(FAMILY_BILLS, 300, STEADY),
    Target(READ_MARKS, 250, STEADY, at_least=0),
    Target(ENTER_MARKS, 250, STEADY, at_least=0),
    Target(LIST_BILLS, 300, STEADY, at_least=0),
    Target(READ_ACCOUNT, 300, STEADY, at_least=0),
)


def judge(stats: Any, phase: str = BURST) -> tuple[dict[str, Any], list[str]]:
    """(figures per name, what was missed) of locust's statistics: percentiles in ms, failures, enough of each kind."""
    figures: dict[str, Any] = {}
    missed: list[str] = []
    seen = {entry.name: entry for entry in stats.entries.values()}
    for entry in seen.values():
        figures[entry.name] = {
            "requests": entry.num_requests,
            "failures": entry.num_failures,
            "first_ms": round(entry.min_response_time or 0),
            "p50_ms": round(entry.get_response_time_percentile(0.5) or 0),
            "p95_ms": round(entry.get_response_time_percentile(0.95) or 0),
            "last_ms": round(entry.get_response_time_percentile(1.0) or 0),
        }
        if entry.num_failures:
            missed.append(f"{entry.name}: {entry.num_failures} failures")
    for target in (each for each in TARGETS if each.phase == phase):
        entry = seen.get(target.name)
        if entry is None or entry.num_requests < target.at_least:
            if target.at_least:
                missed.append(f"{target.name}: was not asked")
        elif figures[target.name]["p95_ms"] > target.p95_ms:
            missed.append(f"{target.name}: p95 {figures[target.name]['p95_ms']} ms, goal {target.p95_ms} ms")
    return figures, missed
