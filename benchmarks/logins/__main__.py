"""``python -m benchmarks.logins``: how near logins come to what the hash allows, and what they cost a teacher's roll.

Real PostgreSQL, Valkey and web server, all on this machine, and so is the load: its own processor time is subtracted.
Rounds are interleaved (quiet, alone, mixed), so that what else runs hits all alike; figures are medians of rounds. What
the hash allows is measured before and after each stretch that is compared with it: a shared machine can be a third
slower a minute later.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.logins.spent import CORES, Spent
from schoolops import launcher
from tests.outside import refuse_base_url

# Seconds of hashing alone, between the stretches of a round.
HASHING_S = 1.5
ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".schoolops" / "bench-logins"
GOALS = {
    "hash_bound_share": (0.8, "at least"),
    "roll_p95_ratio": (3.0, "at most"),
    "mixed_share": (0.5, "at least"),
    "last_login_vs_hash_bound": (1.5, "at most"),
    "still_waiting": (0, "at most"),
}


def p95(values: list[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)] if values else float("nan")


def hash_rate(seconds: float) -> float:
    """Hashes per second of processor time while every core hashes: they share caches and memory, as logins do."""
    command = [sys.executable, "-m", "benchmarks.logins.hashing", str(seconds)]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(CORES)]
    return statistics.mean(float(each.communicate(timeout=120)[0]) for each in running)


@dataclass(slots=True)
class Figures:
    share: list[float] = field(default_factory=list)
    corrected: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    mixed: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    quiet_p95: list[float] = field(default_factory=list)
    mixed_p95: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    still_waiting: int = 0
    wrong: int = 0


async def one_round(
    given: argparse.Namespace, port: int, teachers: list[Any], stack: dict[str, int], seen: Figures
) -> None:
    from benchmarks.logins import load

    async with load.marking(port, teachers, given.every) as quiet:
        await asyncio.sleep(given.quiet)
    rates = [hash_rate(HASHING_S)]
    done = await load.steady(port, given.logins, given.clients, given.alone, lambda: Spent(stack))
    # PostgreSQL's and Valkey's time is the login's, so it is not subtracted, nor is what nobody used.
    left = CORES * done.took - done.cost["load"]
    seen.alone.append(done.done / done.took)
    rates.append(hash_rate(HASHING_S))
    allowed = statistics.mean(rates)
    seen.share.append(done.done / (allowed * left))
    seen.corrected.append(done.done / (allowed * max(0.1, left - done.cost["others"])))
    async with load.marking(port, teachers, given.every) as beside:
        await asyncio.sleep(given.every / 2)
        before = len(beside.took_s)
        mixed = await load.crowd(port, given.logins, given.longest, lambda: Spent(stack))
        during = beside.took_s[before:]
    rates.append(hash_rate(HASHING_S))
    seen.mixed.append(mixed.done / mixed.took)
    # Until the last of them is in, and how long all their hashes take on all processors.
    seen.last.append(mixed.took / (given.logins / (statistics.mean(rates[1:]) * CORES)))
    seen.quiet_p95.append(p95(quiet.took_s))
    seen.mixed_p95.append(p95(during))
    seen.refused.append(mixed.refused)
    seen.still_waiting += mixed.still_waiting
    seen.wrong += sum(sum(each.values()) for each in (done.other, mixed.other, quiet.refused, beside.refused))
    print(
        f"quiet: {len(quiet.took_s)} rolls, p95 {seen.quiet_p95[-1] * 1000:.0f} ms; "
        f"a hash {', '.join(f'{1000 / rate:.1f}' for rate in rates)} ms before, between and after\n"
        f"alone: {_told(done)}; share {seen.share[-1]:.2f}, {seen.corrected[-1]:.2f} of what others left\n"
        f"mixed: {_told(mixed)}; {mixed.still_waiting} still waiting; {len(during)} rolls, "
        f"p95 {seen.mixed_p95[-1] * 1000:.0f} ms\n"
        f"unexpected answers: {done.other} {mixed.other} {quiet.refused} {beside.refused}",
        flush=True,
    )


def _told(stretch: Any) -> str:
    """What a stretch came to, and whose the processors were for each login, in milliseconds."""
    ours = stretch.cost["idle"] + sum(stretch.cost[name] for name in ("hash", "web", "postgres", "valkey-server"))
    each = {name: f"{seconds / max(1, stretch.done) * 1000:.1f}" for name, seconds in stretch.cost.items()}
    return (
        f"{stretch.done} logins in {stretch.took:.1f} s, {stretch.done / stretch.took:.1f}/s, {stretch.refused} "
        f"refusals; ms a login: {', '.join(f'{name} {ms}' for name, ms in each.items())}; "
        f"of what the load and others left the hash had {stretch.cost['hash'] / ours:.2f}"
    )


def main() -> None:
    refuse_base_url("bench-logins reads the processor time of a server that it starts itself.")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.logins", description=__doc__)
    parser.add_argument("--logins", type=int, default=300, help="at once")
    parser.add_argument("--clients", type=int, default=16, help="who keep the server busy when logins are alone")
    parser.add_argument("--teachers", type=int, default=50)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two rolls of a teacher")
    parser.add_argument("--quiet", type=float, default=20.0, help="seconds of teachers alone, in each round")
    parser.add_argument("--alone", type=float, default=15.0, help="seconds of logins alone, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--longest", type=float, default=40.0, help="seconds that a crowd may take")
    parser.add_argument(
        "--most", type=float, default=240.0, help="seconds after which no round begins that would end later"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4)
    given = parser.parse_args()
    launcher.remove(FOLDER)
    servers = launcher.start(launcher.DURABLE, FOLDER)
    try:
        os.environ.update(servers.environment())
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.logins.settings"
        os.environ["SCHOOLOPS_TODAY"] = "2026-11-04"
        import django

        django.setup()
        from benchmarks.logins import stage

        teachers = stage.build(given.logins, given.teachers)
        seen = Figures()
        with stage.web(FOLDER, given.workers, given.threads) as (port, web):
            stack = {"web": web.pid, **_servers_of(FOLDER)}
            asyncio.run(warm(port, teachers))
            began, slowest = time.monotonic(), 0.0
            for number in range(given.rounds):
                round_began = time.monotonic()
                if round_began - began + slowest > given.most:
                    print(f"--- no time for round {number + 1}")
                    break
                print(f"--- round {number + 1}")
                asyncio.run(one_round(given, port, teachers, stack, seen))
                slowest = max(slowest, time.monotonic() - round_began)
    finally:
        servers.stop()
        launcher.remove(FOLDER)
    report(seen)


async def warm(port: int, teachers: list[Any]) -> None:
    from benchmarks.logins import load

    await load.steady(port, 20, 4, 2.0, lambda: Spent({}))
    async with load.marking(port, teachers, 5.0):
        await asyncio.sleep(5.0)


def _servers_of(folder: Path) -> dict[str, int]:
    """Name → first process of PostgreSQL and Valkey that work in ``folder``."""
    found = {}
    for process in psutil.process_iter(["name", "cmdline", "ppid"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(folder) in words and process.info["name"] in {"postgres", "valkey-server"}:
            found[process.pid] = process
    return {each.info["name"]: pid for pid, each in found.items() if each.info["ppid"] not in found}


def _ratio(these: list[float], those: list[float]) -> float:
    return statistics.median(this / that for this, that in zip(these, those, strict=True))


def report(seen: Figures) -> None:
    result = {
        "hash_bound_share": round(statistics.median(seen.share), 3),
        "roll_p95_ratio": round(_ratio(seen.mixed_p95, seen.quiet_p95), 2),
        "mixed_share": round(_ratio(seen.mixed, seen.alone), 3),
        "last_login_vs_hash_bound": round(statistics.median(seen.last), 2),
        "refused": round(statistics.median(seen.refused)),
        "still_waiting": seen.still_waiting,
    }
    print(f"of the processors that others left: {statistics.median(seen.corrected):.3f}; wrong answers: {seen.wrong}")
    for name, (goal, how) in GOALS.items():
        met = result[name] >= goal if how == "at least" else result[name] <= goal
        print(f"{name}: {result[name]} ({how} {goal}) {'met' if met else 'MISSED'}")
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
