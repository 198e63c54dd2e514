"""What a school day may cost: the p95 of each kind of request, and when a run counts as missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Target:
    """``name`` is what the requests are called in ``school_day``."""

    name: str
    p95_ms: int
    at_least: int


LOG_IN: Final = "log in"
READ_ROLL: Final = "read a roll"
MARK_ROLL: Final = "mark a roll"
LIST_STUDENTS: Final = "list students"
# A login that was told to wait, and every wait until it was let in.
LOG_IN_WITH_WAITS: Final = "log in, waits included"

TARGETS: Final = (
    Target(LOG_IN, 2000, at_least=1),
    Target(READ_ROLL, 200, at_least=1),
    Target(MARK_ROLL, 500, at_least=0),
    Target(LIST_STUDENTS, 300, at_least=1),
)


def judge(stats: Any) -> tuple[dict[str, Any], list[str]]:
    """(figures per name, what was missed) of locust's statistics: p95 in ms, failures, and enough of each kind."""
    figures: dict[str, Any] = {}
    missed: list[str] = []
    seen = {entry.name: entry for entry in stats.entries.values()}
    for entry in seen.values():
        p95 = entry.get_response_time_percentile(0.95) or 0
        figures[entry.name] = {"requests": entry.num_requests, "failures": entry.num_failures, "p95_ms": round(p95)}
        if entry.num_failures:
            missed.append(f"{entry.name}: {entry.num_failures} failures")
    for target in TARGETS:
        entry = seen.get(target.name)
        if entry is None or entry.num_requests < target.at_least:
            if target.at_least:
                missed.append(f"{target.name}: was not asked")
        elif figures[target.name]["p95_ms"] > target.p95_ms:
            missed.append(f"{target.name}: p95 {figures[target.name]['p95_ms']} ms, goal {target.p95_ms} ms")
    return figures, missed
