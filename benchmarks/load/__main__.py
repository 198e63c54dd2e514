"""``make load``: Monday at eight, over twenty schools on a stack of its own, against ``locustfiles/targets.py``.

Three phases: *burst*, 300 people log in, 50 teachers take their rolls, 50 people list students 500 times and exams, 20
exams are set, all at once; *capacity*, teachers, heads, markers, bursars and parents are let in, and then each has one
turn after another, all as many, as fast as they are answered; *steady*, the same people at half as many turns a second,
each when it is due. Goals of pages are those of *steady*: in the burst a machine is full.

``login_share``: logins a second while the first half is let in, of what the hash allows on all processors.
``last_login_vs_hash_bound``: until the last is in ÷ what all their hashes take on all processors.
``still_waiting``: who was neither let in nor sent away when the burst was over.
``rate``: requests a second of *steady*, half of what *capacity* came to.
``students_vs_families``: the fastest list of students ÷ the fastest first page of a family, in the same run.
``others_share``: what of the processors went to programs that are none of ours meanwhile; it has no goal.

``BASE_URL=https://…`` points it at a running installation, and nothing is started: the demo's cast then only reads
there. ``CAST=file.json`` names other people: ``{"arriving": [{"host", "login", "password"}], "teachers": [{…,
"section"}], "readers": [{…}], "papers": [{…, "body"}], "families": [{…}], "markers": [{…, "paper"}], "bursars": [{…,
"bills"}]}``; a teacher with a ``section`` takes its roll, a marker enters the marks of the paper.

A report stands in ``.schoolops/load/``. Exit code 1 when a target is missed; the last line is ``RESULT {…}``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.load.held import Held, Others
from benchmarks.logins.__main__ import CORES, hash_rate
from config import demo
from config.env import BASE_DIR
from locustfiles.targets import (
    ENTER_MARKS,
    FAMILY_BILLS,
    FAMILY_CHILD,
    FAMILY_HOME,
    FAMILY_MARKS,
    LIST_BILLS,
    LIST_EXAMS,
    LIST_STUDENTS,
    LOG_IN_WITH_WAITS,
    MARK_ROLL,
    READ_ACCOUNT,
    READ_MARKS,
    READ_ROLL,
    SET_EXAM,
)
from schoolops import launcher
from tests.outside import machine
from tests.smoke.stack import fresh_stack

# A Tuesday without holidays: rolls can be taken whenever this is run.
TODAY = "2026-11-10"
REPORTS = BASE_DIR / ".schoolops" / "load"
GOALS = {
    "students_p95_ms": (300, "at most"), "attendance_p95_ms": (200, "at most"), "exams_p95_ms": (250, "at most"),
    "families_p95_ms": (300, "at most"), "marks_p95_ms": (250, "at most"), "bills_p95_ms": (300, "at most"),
    "login_share": (0.5, "at least"), "last_login_vs_hash_bound": (1.5, "at most"), "errors": (0, "at most"),
    "still_waiting": (0, "at most"),
    "memory_growth": (1.2, "at most"), "descriptors_growth": (1.2, "at most"),
    "connections_growth": (1.2, "at most"), "disk_growth": (1.2, "at most"),
}  # fmt: skip
# Whose p95 the burst's line tells; goals are those of the steady phase.
FAMILY = (FAMILY_HOME, FAMILY_CHILD, FAMILY_MARKS, FAMILY_BILLS)
MARKS, BILLS = (READ_MARKS, ENTER_MARKS), (LIST_BILLS, READ_ACCOUNT)
TOLD = (LIST_STUDENTS, READ_ROLL, MARK_ROLL, LIST_EXAMS, SET_EXAM)

# How much longer than it should a phase may take: until everybody is in, and a round of turns on a busy machine.
AT_MOST_S = 900
# What was not asked in time has not met its goal; the demo's cast marks no roll.
NEVER, NOT_MEANT = {"p95_ms": 1_000_000}, {"p95_ms": 0}


def drive(host: str, phase: str, seconds: int, cast: str | None, *, rate: float = 0) -> dict[str, Any]:
    """Run locust against ``host``; its figures by kind of request, and ``missed``. ``rate``: turns a second."""
    environment = {name: value for name, value in os.environ.items() if name != "CAST"}
    environment |= {"PHASE": phase, "RATE": str(rate), "SECONDS": str(seconds)} | ({"CAST": cast} if cast else {})
    REPORTS.mkdir(parents=True, exist_ok=True)
    name = phase if rate or phase == "burst" else "capacity"
    command = [sys.executable, "-m", "locust", "-f", "locustfiles/school_day.py", "--headless", "--only-summary"]
    more = ["--host", host, "--spawn-rate", "400", "--loglevel", "WARNING", "--html", str(REPORTS / f"{name}.html")]
    if phase == "burst":
        # The others end by themselves, when everybody has been let in and has had their turns.
        more += ["--run-time", f"{seconds}s"]
    done = subprocess.run(
        [*command, *more], cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True, check=False,
        timeout=seconds + AT_MOST_S,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise launcher.LauncherError(f"The load of {name} said nothing: {done.stdout[-2000:]}")
    found: dict[str, Any] = json.loads(lines[-1].removeprefix("RESULT "))
    print(f"--- {name}" + (f", {found['turns']} turns in {found['seconds']} s" if found["turns"] else f", {seconds} s"))
    print("\n".join(line for line in done.stdout.splitlines() if line.startswith("MISSED ")), flush=True)
    for kind, figures in found.items():
        if isinstance(figures, dict):
            print(f"{kind:<24} {figures['requests']:>6} asked, {figures['failures']} failed; ms: p50 "
                  f"{figures['p50_ms']}, p95 {figures['p95_ms']}, last {figures['last_ms']}", flush=True)  # fmt: skip
    return found


def fastest_ratio(kind: str, other: str, *phases: dict[str, Any]) -> float:
    """The fastest of ``kind`` ÷ of ``other``: of many requests one finds nobody before it, however busy the machine is.
    0 where one of them was never asked."""
    mine, theirs = (
        min((each[what]["first_ms"] for each in phases if what in each), default=0) for what in (kind, other)
    )
    return round(mine / theirs, 2) if theirs else 0.0


def measured(host: str, given: argparse.Namespace, cast: str | None, up: demo.Stack | None) -> dict[str, Any]:
    allowed, others = hash_rate(2.0) * CORES, Others()
    burst = drive(host, "burst", given.seconds, cast)
    full = drive(host, "steady", given.capacity, cast)
    if not full["turns"]:
        raise launcher.LauncherError("Nobody had a turn, so there is no half of what they had.")
    asked = sum(figures["requests"] for figures in full.values() if isinstance(figures, dict))
    held = Held(up) if up else None
    steady = drive(host, "steady", given.steady, cast, rate=full["turns"] / full["seconds"] / 2)
    into = burst.get(LOG_IN_WITH_WAITS, {"requests": 0, "p50_ms": 1, "last_ms": 0})
    result: dict[str, Any] = {
        "students_p95_ms": steady.get(LIST_STUDENTS, NEVER)["p95_ms"],
        "attendance_p95_ms": max(steady.get(READ_ROLL, NEVER)["p95_ms"], steady.get(MARK_ROLL, NOT_MEANT)["p95_ms"]),
        "families_p95_ms": max(steady.get(each, NEVER)["p95_ms"] for each in FAMILY),
        "marks_p95_ms": max(steady.get(each, NEVER if up else NOT_MEANT)["p95_ms"] for each in MARKS),
        "bills_p95_ms": max(steady.get(each, NEVER if up else NOT_MEANT)["p95_ms"] for each in BILLS),
        "exams_p95_ms": steady.get(LIST_EXAMS, NEVER)["p95_ms"],
        "login_share": round(into["requests"] / 2 / (into["p50_ms"] / 1000) / allowed, 2),
        "last_login_vs_hash_bound": round(into["last_ms"] / 1000 / max(1e-9, into["requests"] / allowed), 2),
        "errors": sum(
            each["failures"] for phase in (burst, full, steady) for each in phase.values() if isinstance(each, dict)
        )
        + sum(phase.get("broken", 0) for phase in (burst, full, steady)),
        "still_waiting": burst["still_waiting"],
        "rate": round(asked / full["seconds"] / 2, 1),
        "students_vs_families": fastest_ratio(LIST_STUDENTS, FAMILY_HOME, full, steady),
        "burst_p95_ms": {kind: burst[kind]["p95_ms"] for kind in TOLD if kind in burst},
    }
    if held is not None:
        result |= held.growth() | {"others_share": others.share()}
    return result


def report(result: dict[str, Any]) -> int:
    missed = 0
    rows = ["| figure | goal | measured | |", "| --- | --- | --- | --- |"]
    for name, (goal, how) in GOALS.items():
        if name in result:
            met = result[name] >= goal if how == "at least" else result[name] <= goal
            missed += not met
            rows.append(f"| `{name}` | {how} {goal} | {result[name]} | {'met' if met else '**missed**'} |")
    head = f"`python -m benchmarks.load {' '.join(sys.argv[1:])}`, {time.strftime('%Y-%m-%d %H:%M')}, {machine()}"
    lines = [f"{head}, load {os.getloadavg()[0]:.0f} at its end.", "", *rows, "", f"`RESULT {json.dumps(result)}`"]
    (REPORTS / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(rows))
    print(f"RESULT {json.dumps(result)}")
    return 1 if missed else 0


def on_a_stack_of_our_own(given: argparse.Namespace) -> int:
    # TRUSTED_PROXIES: the load says for each of its people where they are.
    stack = fresh_stack(TRUSTED_PROXIES="1", SCHOOLOPS_TODAY=TODAY)
    with demo.stop_on_signals(), stack as up:
        stage = [sys.executable, "-m", "benchmarks.load.stage", str(given.schools), str(given.students)]
        said = up.supervisor.run("stage", stage)
        REPORTS.mkdir(parents=True, exist_ok=True)
        cast = Path(REPORTS / "cast.json")
        cast.write_text(said.strip().splitlines()[-1], encoding="utf-8")
        return report(measured(f"http://127.0.0.1:{up.port}", given, str(cast), up))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--schools", type=int, default=20)
    parser.add_argument("--students", type=int, default=250, help="of each school")
    parser.add_argument("--seconds", type=int, default=60, help="how long the burst is waited for")
    parser.add_argument("--capacity", type=int, default=20, help="seconds")
    parser.add_argument("--steady", type=int, default=60, help="seconds; 600 is a soak")
    given = parser.parse_args()
    try:
        if base_url := os.environ.get("BASE_URL"):
            return report(measured(base_url, given, os.environ.get("CAST"), None))
        return on_a_stack_of_our_own(given)
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
