"""``python -m benchmarks.jobs``: enqueueing and processing against plain Celery, a deep ledger, a flooding school.

Interleaved rounds on one machine, so that what else runs hits all alike; each figure is the median of its rounds, and
of the two pools (prefork 2, threads 50) the worse. "Celery" is Celery at its defaults, "tuned" is Celery without its
ack emulation, which loses what a dying worker holds. Commits wait for the disk in none of them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
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

    def processing(self) -> dict[str, list[float]]:
        """Engine and pool → jobs a second in each round."""
        rates: dict[str, list[float]] = {}
        for number in range(self.given.rounds):
            for pool in POOLS:
                for engine in ("celery", "ledger", "tuned"):
                    if engine == "ledger":
                        rate = self.ledger_rate(pool, self.given.jobs)
                    else:
                        rate = self.plain_rate(pool, self.given.jobs, tuned=engine == "tuned")
                    rates.setdefault(f"{engine}/{pool}", []).append(rate)
                    print(f"round {number + 1} {engine:<7} {pool:<8} {rate:7.0f} jobs/s", flush=True)
        return rates

    def bullmq(self) -> float | None:
        """No-ops a second by BullMQ's worker with 50 at once, or ``None`` where there is no node or no package."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            print("BullMQ: no node here")
            return None
        home = FOLDER / "bullmq"
        home.mkdir(exist_ok=True)
        shutil.copy(Path(__file__).with_name("bullmq.js"), home)
        made = subprocess.run(
            [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), "bullmq@6", "ioredis@5"],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        if made.returncode:
            print(f"BullMQ: npm install failed: {made.stderr.strip()[-200:]}")
            return None
        done = subprocess.run(
            [node, str(home / "bullmq.js"), self.servers.redis_url, str(self.given.jobs)],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        if done.returncode:
            print(f"BullMQ: {done.stderr.strip()[:300]}")
            return None
        return float(done.stdout.split()[-1])

    def close(self) -> None:
        self.servers.stop()


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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=4_000)
    parser.add_argument("--deep", type=int, default=1_000_000, help="ready rows of the deep ledger")
    parser.add_argument("--only", choices=("enqueue", "process", "depth", "fairness", "bullmq"))
    bench = Bench(given := parser.parse_args())
    result: dict[str, Any] = {}
    try:
        wanted = {given.only} if given.only else {"enqueue", "process", "depth", "fairness", "bullmq"}
        stage = bench.stage
        if "enqueue" in wanted:
            pairs = [(stage.enqueue_rate(1_000), stage.delay_rate(1_000)) for _ in range(11)]
            ours, theirs = (statistics.median(each) for each in zip(*pairs, strict=True))
            print(f"enqueue: ledger {ours:.0f}/s in an open transaction, Celery's .delay {theirs:.0f}/s")
            result["enqueue_vs_celery"] = round(statistics.median(mine / other for mine, other in pairs), 2)
        if "process" in wanted:
            rates = bench.processing()
            result["process"] = {name: round(statistics.median(found)) for name, found in sorted(rates.items())}
            for name, rate in result["process"].items():
                print(f"process: {name:<16} {rate:7} jobs/s")
            result["process_vs_celery"] = worse_pool(rates, "celery")
            result["process_vs_celery_tuned"] = worse_pool(rates, "tuned")
        if "bullmq" in wanted:
            theirs_or_none = bench.bullmq()
            result["process_vs_bullmq"] = None
            if theirs_or_none:
                ours = max(bench.ledger_rate(pool, given.jobs, "nothing") for pool in POOLS)
                print(f"no-ops: ledger {ours:.0f}/s, BullMQ {theirs_or_none:.0f}/s")
                result["process_vs_bullmq"] = round(ours / theirs_or_none, 2)
        if "fairness" in wanted:
            with bench.running(["manage", "relay"], ["config.worker", "attendance"]):
                windows, waited = stage.elm_windows(10_000)
            print(f"fairness: Elm's job began {waited * 1000:.0f} ms after it was enqueued behind 10,000 of Oak's")
            result["elm_windows"] = round(windows, 2)
        if "depth" in wanted:
            shallow, deep = stage.costs(0), stage.costs(given.deep)
            for name in shallow:
                print(f"depth: {name} {shallow[name]:.0f} µs with no rows, {deep[name]:.0f} µs with {given.deep:,}")
            result["depth_ratio"] = round(max(deep[name] / shallow[name] for name in ("claim", "enqueue")), 2)
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
