"""What a school day may cost: the p95 of each kind of request, and when a run counts as missed.

The only place that says a number of it: what locust and what ``make load`` are judged by are made of the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

BURST: Final = "burst"
STEADY: Final = "steady"


@dataclass(frozen=True, slots=True)
class Target:
    """``name`` is what the requests are called in ``school_day``; ``phase``: when all come at once, or at half of what
    the machine can. ``at_least``: so many are asked for whoever comes; a cast may say more."""

    name: str
    p95_ms: int
    phase: str = BURST
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """``figure``: the worst p95 of ``kinds`` in the steady phase; ``some`` of them not every cast asks for."""

    figure: str
    p95_ms: int
    kinds: tuple[str, ...]
    some: tuple[str, ...] = ()

    def worst(self, seen: Mapping[str, Any], *, ours: bool) -> int:
        """Of what was ``seen``. What was not asked in time has not met its goal, on a stack of our own; elsewhere it
        may not have been meant to be asked."""
        p95 = [
            seen[each]["p95_ms"] if each in seen else 0 if each in self.some and not ours else NEVER_MS
            for each in self.kinds
        ]
        return int(max(p95))


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

# Nobody would wait for so long.
NEVER_MS: Final = 1_000_000
AT_MOST, AT_LEAST = "at most", "at least"
EXAMS_SET: Final = 20
# Of all at once only that they are answered.
BURST_P95_MS: Final = 2000
ALL_AT_ONCE: Final = {LOG_IN: 1, READ_ROLL: 1, MARK_ROLL: 0, LIST_STUDENTS: 1, LIST_EXAMS: 0, SET_EXAM: 0}

PAGES: Final = (
    Page("students_p95_ms", 300, (LIST_STUDENTS,)),
    Page("attendance_p95_ms", 200, (READ_ROLL, MARK_ROLL), some=(MARK_ROLL,)),
    Page("exams_p95_ms", 250, (LIST_EXAMS, SET_EXAM), some=(SET_EXAM,)),
    Page("families_p95_ms", 300, (FAMILY_HOME, FAMILY_CHILD, FAMILY_MARKS, FAMILY_BILLS)),
    Page("marks_p95_ms", 250, (READ_MARKS, ENTER_MARKS), some=(READ_MARKS, ENTER_MARKS)),
    Page("bills_p95_ms", 300, (LIST_BILLS, READ_ACCOUNT), some=(LIST_BILLS, READ_ACCOUNT)),
)
TARGETS: Final = (
    *(Target(kind, BURST_P95_MS, at_least=number) for kind, number in ALL_AT_ONCE.items()),
    *(Target(kind, page.p95_ms, STEADY, int(kind not in page.some)) for page in PAGES for kind in page.kinds),
)
# What must not grow while the load goes on and on: the mean of the last third ÷ of the first.
GROWTH: Final = 1.1
GOALS: Final[dict[str, tuple[float, str]]] = {
    **{page.figure: (page.p95_ms, AT_MOST) for page in PAGES},
    "burst_missed": (0, AT_MOST), "steady_missed": (0, AT_MOST), "exams_set": (EXAMS_SET, AT_LEAST),
    "errors": (0, AT_MOST), "still_waiting": (0, AT_MOST),
    "login_share": (0.5, AT_LEAST), "last_login_vs_hash_bound": (1.5, AT_MOST),
    "memory_growth": (GROWTH, AT_MOST), "descriptors_growth": (GROWTH, AT_MOST),
    "connections_growth": (GROWTH, AT_MOST), "disk_growth": (GROWTH, AT_MOST), "valkey_growth": (GROWTH, AT_MOST),
    "programs_that_grow": (0, AT_MOST), "database_bytes_per_row": (1000, AT_MOST),
}  # fmt: skip


def judge(
    stats: Any, phase: str = BURST, at_least: Mapping[str, int] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """(figures per name, what was missed) of locust's statistics: percentiles in ms, failures, enough of each kind.
    ``at_least``: how many of a kind the cast is there for, where that is more than the table knows."""
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
        asked = seen[target.name].num_requests if target.name in seen else 0
        wanted = max(target.at_least, (at_least or {}).get(target.name, 0))
        if asked < wanted:
            missed.append(f"{target.name}: " + (f"asked {asked} times of {wanted}" if asked else "was not asked"))
        if asked and figures[target.name]["p95_ms"] > target.p95_ms:
            missed.append(f"{target.name}: p95 {figures[target.name]['p95_ms']} ms, goal {target.p95_ms} ms")
    return figures, missed
