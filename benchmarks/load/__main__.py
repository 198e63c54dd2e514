"""``make load``: Monday at eight, over twenty schools on a stack of its own, against ``locustfiles/targets.py``.

Three phases: *burst*, 300 people log in, 50 teachers take their rolls, 50 people list students 500 times and exams, 20
exams are set, all at once; *capacity*, teachers, heads, markers, bursars and parents are let in, and then each has one
turn after another, all as many, as fast as they are answered; *steady*, the same people at half as many turns a second,
each when it is due; twenty of them set an exam, each one in each of both phases. Goals of pages are those of *steady*:
in the burst a machine is full.

``burst_missed``, ``steady_missed``: what of it was too late, failed, was not asked as often as the cast is there for,
or broke off. ``exams_set``: of the burst's.
``burst_server_ms``: what the server itself took, the mean and the edge below which 95 of 100 are.
``login_share``: logins a second while the first half is let in, of what the hash allows on all processors.
``last_login_vs_hash_bound``: until the last is in ÷ what all their hashes take on all processors.
``still_waiting``: who was neither let in nor sent away when the burst was over.
``rate``: requests a second of *steady*, half of what *capacity* came to.
``students_vs_families``: the fastest list of students ÷ the fastest first page of a family, in the same run.
``memory_growth`` …: the mean of the last third of the looks at what the stack holds ÷ of the first, while *steady* goes
on; ``programs_that_grow``, named by ``grows``: one hides in the sum of all. Data is told by the row: it was written.
``others_share``: what of the processors went to programs that are none of ours meanwhile; it has no goal.

``BASE_URL=https://…`` points it at a running installation, and nothing is started: the demo's cast then only reads
there. ``CAST=file.json`` names other people: ``{"arriving": [{"host", "login", "password"}], "teachers": [{…,
"section"}], "readers": [{…}], "papers": [{…, "body"}], "families": [{…}], "markers": [{…, "paper"}], "bursars": [{…,
"bills"}], "setters": [{…, "bodies"}]}``; a teacher with a ``section`` takes its roll, a marker enters the marks of the
paper, a setter sets the first body in *capacity* and the second in *steady*.

A report stands in ``.schoolops/load/``; ``--write`` keeps it in docs/performance.md, a picture of it in docs and its
sum in README. Exit code 1 when a target is missed, or was not measured on a stack of its own; the last line is
``RESULT {…}``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.load import served
from benchmarks.load.held import EVERY_S, FEWEST, Held, Others, slopes, table, verdict
from benchmarks.load.picture import drawn
from benchmarks.logins.__main__ import CORES, hash_rate
from config import demo
from config.env import BASE_DIR
from locustfiles.targets import (
    AT_LEAST,
    FAMILY_HOME,
    GOALS,
    LIST_STUDENTS,
    LOG_IN_WITH_WAITS,
    PAGES,
    SET_EXAM,
)
from schoolops import launcher
from tests.outside import machine
from tests.smoke.stack import fresh_stack
from tests.support import marks

# A Tuesday without holidays: rolls can be taken whenever this is run.
TODAY = "2026-11-10"
REPORTS = BASE_DIR / ".schoolops" / "load"
PERFORMANCE, README = BASE_DIR / "docs" / "performance.md", BASE_DIR / "README.md"
PICTURE = BASE_DIR / "docs" / "school-day.svg"
# Figures, and tables beside them.
Measured = tuple[dict[str, Any], list[list[str]]]

# How much longer than it should a phase may take: until everybody is in, and a round of turns on a busy machine.
AT_MOST_S = 900


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
    # 1 is what it says itself when something was missed; another code is something of the load's that broke.
    found["broken"] += done.returncode not in {0, 1}
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


def measured(host: str, given: argparse.Namespace, cast: str | None, up: demo.Stack | None) -> Measured:
    allowed, others, before = hash_rate(2.0) * CORES, Others(), served.look(host)
    burst = drive(host, "burst", given.seconds, cast)
    by_server = served.between(before, served.look(host))
    full = drive(host, "steady", given.capacity, cast)
    if not full["turns"]:
        raise launcher.LauncherError("Nobody had a turn, so there is no half of what they had.")
    half = full["turns"] / full["seconds"] / 2
    held = Held(up, min(EVERY_S, given.steady / FEWEST)) if up else None
    with held.watched() if held else nullcontext():
        steady = drive(host, "steady", given.steady, cast, rate=half)
    result = {page.figure: page.worst(steady, ours=up is not None) for page in PAGES}
    result |= of_the_phases(burst, full, steady, allowed)
    result["burst_server_ms"] = {kind: [each["mean_ms"], each["p95_at_most_ms"]] for kind, each in by_server.items()}
    tables = [served.table(burst, by_server)]
    if held is not None:
        looks = held.of_the_last(given.steady)
        found = slopes(looks, held.every_s)
        result |= verdict(found) | {"exams_set": set_in(burst), "others_share": others.share()}
        tables.append(table(found, len(looks)))
    return result, tables


def of_the_phases(
    burst: dict[str, Any], full: dict[str, Any], steady: dict[str, Any], allowed: float
) -> dict[str, Any]:
    """What does not ask for a stack of our own. ``allowed``: logins a second, by the hash on all processors."""
    phases = (burst, full, steady)
    into = burst.get(LOG_IN_WITH_WAITS, {"requests": 0, "p50_ms": 1, "last_ms": 0})
    kinds = [each for phase in phases for each in phase.values() if isinstance(each, dict)]
    asked = sum(each["requests"] for each in full.values() if isinstance(each, dict))
    return {
        "burst_missed": burst["missed"],
        "steady_missed": steady["missed"],
        "login_share": round(into["requests"] / 2 / (into["p50_ms"] / 1000) / allowed, 2),
        "last_login_vs_hash_bound": round(into["last_ms"] / 1000 / max(1e-9, into["requests"] / allowed), 2),
        "errors": sum(each["failures"] for each in kinds) + sum(phase["broken"] for phase in phases),
        "still_waiting": burst["still_waiting"],
        "rate": round(asked / full["seconds"] / 2, 1),
        "students_vs_families": fastest_ratio(LIST_STUDENTS, FAMILY_HOME, full, steady),
        "burst_p95_ms": {kind: burst[kind]["p95_ms"] for kind in served.COUNTED_AS if kind in burst},
    }


def set_in(phase: dict[str, Any]) -> int:
    """How many exams were set, each by a request of its own."""
    seen = phase.get(SET_EXAM, {"requests": 0, "failures": 0})
    return int(seen["requests"] - seen["failures"])


def report(result: dict[str, Any], tables: Iterable[list[str]] = (), *, ours: bool = True) -> int:
    """Print and keep it, and return the exit code. What is absent is missed on a stack of ``ours``."""
    missed, told = 0, 0
    rows = ["| figure | goal | measured | |", "| --- | --- | --- | --- |"]
    for name, (goal, how) in GOALS.items():
        if name not in result and not ours:
            continue
        met = name in result and (result[name] >= goal if how == AT_LEAST else result[name] <= goal)
        told, missed = told + 1, missed + (not met)
        rows.append(f"| `{name}` | {how} {goal:g} | {result.get(name, '–')} | {'met' if met else '**missed**'} |")
    command = " ".join(("python -m benchmarks.load", *sys.argv[1:]))
    head = f"`{command}`, {time.strftime('%Y-%m-%d %H:%M')}, {machine()}, load {os.getloadavg()[0]:.0f} at its end"
    summary = f"{told - missed} of {told} goals met"
    lines = [f"{head}: {summary}.", "", *rows, "", *(line for table in tables for line in (*table, ""))]
    lines.append(f"`RESULT {json.dumps(result)}`")
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[2:-1]))
    print(f"RESULT {json.dumps(result)}")
    return 1 if missed else 0


def result_in(text: str) -> dict[str, Any]:
    """The ``RESULT`` of a report."""
    result: dict[str, Any] = json.loads(re.findall(r"^`RESULT (.*)`$", text, re.MULTILINE)[0])
    return result


def keep(text: str, performance: Path = PERFORMANCE, readme: Path = README, picture: Path = PICTURE) -> None:
    """Keep a report where readers look for it, a picture of it, and in README how many goals it met, and which not."""
    marks.keep(performance, "load", f"\n\n{text}\n")
    picture.write_text(drawn(result_in(text)), encoding="utf-8")
    said = re.search(r"(\d{4}-\d\d-\d\d) .*: (\d+ of \d+ goals met)\.", text)
    missed = ", ".join(re.findall(r"^\| (`\w+`) .*\*\*missed\*\*", text, re.MULTILINE))
    if said is not None:
        marks.keep(readme, "load", f"{said[1]}: {said[2]}" + (f"; missed: {missed}" if missed else ""))


def on_a_stack_of_our_own(given: argparse.Namespace) -> int:
    # TRUSTED_PROXIES: the load says for each of its people where they are.
    stack = fresh_stack(TRUSTED_PROXIES="1", SCHOOLOPS_TODAY=TODAY)
    with demo.stop_on_signals(), stack as up:
        stage = [sys.executable, "-m", "benchmarks.load.stage", str(given.schools), str(given.students)]
        said = up.supervisor.run("stage", stage)
        REPORTS.mkdir(parents=True, exist_ok=True)
        cast = Path(REPORTS / "cast.json")
        cast.write_text(said.strip().splitlines()[-1], encoding="utf-8")
        return report(*measured(f"http://127.0.0.1:{up.port}", given, str(cast), up))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--schools", type=int, default=20)
    parser.add_argument("--students", type=int, default=250, help="of each school")
    parser.add_argument("--seconds", type=int, default=60, help="how long the burst is waited for")
    parser.add_argument("--capacity", type=int, default=20, help="seconds")
    parser.add_argument("--steady", type=int, default=60, help="seconds; 600 is a soak")
    parser.add_argument(
        "--write", action="store_true", help="keep the report in docs/performance.md, its sum in README"
    )
    given = parser.parse_args()
    try:
        if base_url := os.environ.get("BASE_URL"):
            code = report(*measured(base_url, given, os.environ.get("CAST"), None), ours=False)
        else:
            code = on_a_stack_of_our_own(given)
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    if given.write:
        keep((REPORTS / "report.md").read_text(encoding="utf-8"))
    return code


if __name__ == "__main__":
    sys.exit(main())
