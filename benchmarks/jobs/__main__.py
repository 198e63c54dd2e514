"""``python -m benchmarks.jobs``: enqueueing and processing against plain Celery, a deep ledger, a flooding school.

Interleaved rounds on one machine, so that what else runs hits all alike; a round's figure is the median of its twenty
slices, each figure the median of its rounds, and of the two pools (prefork 2, threads 50) the worse. "Celery" is Celery
at its defaults, "tuned" is Celery without its ack emulation, which loses what a dying worker holds. Commits wait for
the disk in none of them. Ten minutes at most, however busy the machine: then there are fewer rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schoolops import launcher
from tests.outside import refuse_base_url

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".schoolops" / "bench-jobs"
POOLS = {"prefork": "examinations", "threads": "attendance"}
GOALS = {
    "enqueue_vs_celery": (3.0, "at least"),
    "process_vs_celery": (1.5, "at least"),
    "process_vs_celery_tuned": (0.75, "at least"),
    "depth_ratio": (1.3, "at most"),
    "elm_windows": (2.0, "at most"),
}


class Bench:
    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        launcher.remove(FOLDER)
        self.servers = launcher.start(launcher.DURABLE, FOLDER)
        os.environ.update(self.servers.environment())
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.jobs.settings"
        import django

        django.setup()
        from benchmarks.jobs import stage

        self.stage = stage
        stage.build()

    # --- processes --------------------------------------------------------------------------------------------------
    @contextmanager
    def running(self, *commands: list[str], **environment: str) -> Iterator[None]:
        logs = FOLDER / "processes.log"
        with logs.open("ab") as log:
            processes = [
                subprocess.Popen(
                    [sys.executable, "-m", *command],
                    cwd=ROOT,
                    env={**os.environ, **environment},
                    stdout=log,
                    stderr=log,
                )
                for command in commands
            ]
            try:
                yield
            finally:
                for process in processes:
                    process.terminate()
                for process in processes:
                    process.wait(60)

    @staticmethod
    def plain_worker(pool: str) -> list[str]:
        size = "2" if pool == "prefork" else "50"
        words = ["celery", "-A", "benchmarks.jobs.plain", "worker", "-P", pool, "-c", size, "--loglevel=ERROR"]
        return [*words, "--without-gossip", "--without-mingle", "--without-heartbeat"]

    # --- processing -------------------------------------------------------------------------------------------------
    def ledger_rate(self, pool: str, jobs: int, what: str = "effect") -> float:
        self.stage.clear()
        self.stage.fill_ledger(f"{what}_on_{pool}", jobs)
        with self.running(["manage", "relay"], ["config.worker", POOLS[pool]]):
            return self.stage.rate(jobs) if what == "effect" else self.stage.drained(jobs)

    def plain_rate(self, pool: str, jobs: int, *, tuned: bool) -> float:
        self.stage.clear()
        self.stage.fill_broker(jobs)
        with self.running(self.plain_worker(pool), BENCH_TUNED="1" if tuned else "0", BENCH_ASYNC="1"):
            return self.stage.rate(jobs)

    def process(self, until: float) -> dict[str, Any]:
        rates: dict[str, list[float]] = {}
        longest = 0.0
        for number in range(self.given.rounds):
            began = time.monotonic()
            if number and began + longest > until:
                print(f"no time for round {number + 1}")
                break
            for pool in POOLS:
                for engine in ("celery", "ledger", "tuned"):
                    if engine == "ledger":
                        rate = self.ledger_rate(pool, self.given.jobs)
                    else:
                        rate = self.plain_rate(pool, self.given.jobs, tuned=engine == "tuned")
                    rates.setdefault(f"{engine}/{pool}", []).append(rate)
                    print(f"round {number + 1} {engine:<7} {pool:<8} {rate:7.0f} jobs/s", flush=True)
            longest = max(longest, time.monotonic() - began)
        return {
            "process": {name: round(statistics.median(found)) for name, found in sorted(rates.items())},
            "rounds": len(rates["ledger/threads"]),
            "process_vs_celery": worse_pool(rates, "celery"),
            "process_vs_celery_tuned": worse_pool(rates, "tuned"),
        }

    # --- the rest ---------------------------------------------------------------------------------------------------
    def enqueue(self, until: float) -> dict[str, Any]:
        """Many small turns, and of each side the quarter that was disturbed least."""
        ours, theirs = [], []
        for _ in range(60):
            ours.append(self.stage.enqueue_rate(200))
            theirs.append(self.stage.delay_rate(200))
        mine, other = (statistics.quantiles(each, n=4)[2] for each in (ours, theirs))
        print(f"enqueue: ledger {mine:.0f}/s in an open transaction, Celery's .delay {other:.0f}/s", flush=True)
        return {"enqueue_vs_celery": round(mine / other, 2)}

    def fairness(self, until: float) -> dict[str, Any]:
        with self.running(["manage", "relay"], ["config.worker", "attendance"]):
            windows, waited = self.stage.elm_windows(10_000)
        print(f"fairness: Elm's job began {waited * 1000:.0f} ms after it was enqueued behind 10,000 of Oak's")
        return {"elm_windows": round(windows, 2)}

    def depth(self, until: float) -> dict[str, Any]:
        """Twice each, and of either the time that was disturbed less."""
        turns = [(self.stage.costs(0), self.stage.costs(self.given.deep)) for _ in range(2)]
        shallow, deep = ({name: min(turn[side][name] for turn in turns) for name in turns[0][0]} for side in (0, 1))
        for name in shallow:
            print(f"depth: {name} {shallow[name]:.0f} µs with no rows, {deep[name]:.0f} µs with {self.given.deep:,}")
        return {"depth_ratio": round(max(deep[name] / shallow[name] for name in ("claim", "enqueue")), 2)}

    def bullmq(self, until: float) -> dict[str, Any]:
        theirs = self.bullmq_rate()
        if theirs is None:
            return {"process_vs_bullmq": None}
        ours = max(self.ledger_rate(pool, self.given.jobs, "nothing") for pool in POOLS)
        print(f"no-ops: ledger {ours:.0f}/s, BullMQ {theirs:.0f}/s", flush=True)
        return {"process_vs_bullmq": round(ours / theirs, 2)}

    def bullmq_rate(self) -> float | None:
        """No-ops a second by BullMQ's worker with 50 at once, or ``None`` where there is no node or no package."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            print("BullMQ: no node here")
            return None
        home = FOLDER / "bullmq"
        home.mkdir(exist_ok=True)
        shutil.copy(Path(__file__).with_name("bullmq.js"), home)
        made = _run(
            [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), "bullmq@6", "ioredis@5"],
            seconds=120,
        )  # fmt: skip
        if made.returncode:
            print(f"BullMQ: npm install failed: {made.stderr.strip()[-200:]}")
            return None
        done = _run([node, str(home / "bullmq.js"), self.servers.redis_url, str(self.given.jobs)], seconds=60)
        if done.returncode:
            print(f"BullMQ: {done.stderr.strip()[:300]}")
            return None
        return float(done.stdout.split()[-1])

    def close(self) -> None:
        self.servers.stop()


def _run(command: list[str], *, seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"not done in {seconds:g} s")


def worse_pool(rates: dict[str, list[float]], opponent: str) -> float:
    """The ledger against ``opponent`` on the pool where it does worse; the median of the rounds' own ratios."""
    ratios = {
        pool: statistics.median(
            ours / theirs for ours, theirs in zip(rates[f"ledger/{pool}"], rates[f"{opponent}/{pool}"], strict=True)
        )
        for pool in POOLS
    }
    return round(min(ratios.values()), 2)


def main() -> int:
    refuse_base_url("bench-jobs compares queues that it starts itself.")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of processing, at most; as many as the minutes allow")
    parser.add_argument("--minutes", type=float, default=9.5, help="no round is begun that would not end by then")
    parser.add_argument("--jobs", type=int, default=4_000)
    parser.add_argument("--deep", type=int, default=1_000_000, help="ready rows of the deep ledger")
    parser.add_argument("--only", choices=("enqueue", "fairness", "depth", "bullmq", "process"))
    began = time.monotonic()
    bench = Bench(given := parser.parse_args())
    result: dict[str, Any] = {}
    try:
        # Processing last: it takes what is left of the time.
        for part in (given.only,) if given.only else ("enqueue", "fairness", "depth", "bullmq", "process"):
            result |= getattr(bench, part)(began + given.minutes * 60)
    finally:
        bench.close()
    missed = [
        name
        for name, (goal, how) in GOALS.items()
        if name in result and (result[name] < goal if how == "at least" else result[name] > goal)
    ]
    for name in missed:
        print(f"missed: {name} is {result[name]}, wanted {GOALS[name][1]} {GOALS[name][0]}")
    print("RESULT", json.dumps(result))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
