"""``python -m tests.chaos --seconds 120 --seed 7 [--engine celery] [--aof on]``: no job is lost and none is doubled.

Twenty schools, web, a worker per queue, the quarantine, two relays, an operator, Valkey and PostgreSQL: all killed with
SIGKILL at random, and at least once in the middle of every arrow. Then the faults stop, everything is allowed to come
to rest, and the driver's journal is compared with the effects in the schools. The driver and the counting never die.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from schoolops import launcher
from tests.chaos.load import Clients, Intention, Journal
from tests.chaos.processes import PYTHON, Child, Supervisor, kill_one_fork, wait_until
from tests.outside import refuse_base_url

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".schoolops" / "chaos"
SCHOOLS = 20
# Longer than any lease: a job of which nothing comes for so long, with everybody alive, is stuck.
NOTHING_FOR_S = 180.0
REST_S = 600.0
STARTED_IN_S = 300.0
# What two minutes have to hold. Where the machine is too busy for it, the torment goes on, twice as long at most.
KILLS_A_SECOND = 30 / 120
COMMITS_A_SECOND = 2_000 / 120
WORKERS = (
    "attendance", "notifications", "examinations", "fees", "reports", "imports", "platform", "quarantine",
)  # fmt: skip
# What has to be asked for so that somebody comes along this arrow.
NEEDED = {
    "retry": "raise", "bury": "raise", "revive": "raise", "discard": "refuse", "cancel": "cancel", "promote": "later",
    "suspect": "poison",
}  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What was done to the installation."""

    kills: Counter[str] = field(default_factory=Counter)
    arrows: Counter[str] = field(default_factory=Counter)
    moments: list[float] = field(default_factory=list)

    def kill(self, what: str) -> None:
        self.kills[what] += 1
        self.moments.append(time.time())


class Chaos:
    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.dice = random.Random(given.seed)
        self.ledger = given.engine == "ledger"
        self.lock = launcher.hold_spare(FOLDER)
        self.run = self.lock.folder / "run"
        self.tally = Tally()
        self.supervisor = Supervisor()

    # --- the stage --------------------------------------------------------------------------------------------------
    def prepare(self) -> None:
        # No persistence is the harder case, and allowed: the broker is only a bus.
        settings = dict(launcher.DURABLE.valkey_settings)
        settings["appendonly"] = "yes" if self.given.aof == "on" else "no"
        if self.given.aof != "on":
            settings.pop("appendfsync", None)
        profile = replace(launcher.DURABLE, valkey_settings=settings)
        self.servers = launcher.start(profile, self.lock.folder, lock=self.lock)
        (self.run / "barriers").mkdir(parents=True)
        self.environment = {
            **os.environ,
            **self.servers.environment(),
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "CHAOS_FOLDER": str(self.run),
            "CHAOS_ENGINE": self.given.engine,
            "PORT": str(free_port()),
            "WEB_WORKERS": "2",
            "WEB_THREADS": "3",
            "LOG_LEVEL": "WARNING",
        }
        os.environ.update(self.environment)
        import django

        django.setup()
        from tests.chaos import stage

        self.tokens = stage.build(SCHOOLS)

    def child(self, name: str, *command: str) -> None:
        self.supervisor.add(Child(name, [PYTHON, "-m", *command], self.environment, self.run / f"{name}.log"))

    def raise_curtain(self) -> None:
        self.child("web", "config.serve")
        if self.ledger:
            self.child("relay-1", "manage", "relay")
            self.child("relay-2", "manage", "relay")
            self.child("operator", "tests.chaos.operator")
            for name in WORKERS:
                self.child(f"worker-{name}", "config.worker", name)
        else:
            common = ("celery", "-A", "tests.chaos.plain", "worker", "--loglevel=ERROR", "--without-gossip")
            self.child("worker-prefork", *common, "-P", "prefork", "-c", "2", "-n", "prefork@%h")
            self.child("worker-threads", *common, "-P", "threads", "-c", "50", "-n", "threads@%h")
        self.supervisor.watch()
        port = int(self.environment["PORT"])
        if not wait_until(lambda: answers(port), STARTED_IN_S):
            raise SystemExit(f"the web server did not start: see {self.run / 'web.log'}")
        if self.ledger and not wait_until(lambda: self.booted() == set(WORKERS), STARTED_IN_S):
            raise SystemExit(f"not all workers came up: {self.booted()}")
        self.journal = Journal(self.run / "intentions.jsonl")
        self.clients = Clients(port, self.tokens, self.journal, self.given.seed, only_well=not self.ledger)
        self.clients.start()

    @staticmethod
    def booted() -> set[str]:
        from schoolops.queues import broker

        return {key.decode().removeprefix("jobs.") for key in broker.client().hgetall(broker.BOOT_KEY)}

    # --- the faults -------------------------------------------------------------------------------------------------
    def torment(self) -> None:
        began = time.monotonic()
        end, latest = began + self.given.seconds, began + 2 * self.given.seconds + 60
        targets = ["web", "valkey", "postgres", "child", *(n for n in self.supervisor.children if n != "web")]
        if not self.ledger:
            # The control shall be busy: a web server that is being started sends nothing that could be lost.
            targets = ["valkey", "postgres", "child", *(n for n in self.supervisor.children if n != "web")]
        arrows = self.arrows() if self.ledger else []
        queue_of_arrows = list(arrows)
        self.dice.shuffle(queue_of_arrows)
        armed: tuple[str, float] | None = None
        next_kill = began + 3
        while time.monotonic() < end or (time.monotonic() < latest and (queue_of_arrows or armed or not self.enough())):
            if armed is None and queue_of_arrows:
                armed = (queue_of_arrows.pop(0), time.monotonic())
                self.arm(armed[0])
            if armed is not None:
                armed = self.spring(armed, queue_of_arrows)
            if time.monotonic() >= next_kill and (time.monotonic() < end or not self.enough_killed()):
                self.strike(self.dice.choice(targets))
                next_kill = time.monotonic() + self.dice.uniform(1.0, 4.0)
            time.sleep(0.1)
        self.took = time.monotonic() - began
        for path in (self.run / "barriers").iterdir():
            path.unlink(missing_ok=True)

    def enough_killed(self) -> bool:
        return sum(self.tally.kills.values()) >= KILLS_A_SECOND * self.given.seconds

    def enough(self) -> bool:
        """Whether as much was killed and answered as so many seconds should hold."""
        return self.enough_killed() and len(self.journal.answered) >= COMMITS_A_SECOND * self.given.seconds

    @staticmethod
    def arrows() -> list[str]:
        from schoolops.queues import pipeline

        return [arrow.name for arrow in pipeline.ARROWS]

    def arm(self, arrow: str) -> None:
        (self.run / "barriers" / f"{arrow}.armed").touch()
        if kind := NEEDED.get(arrow):
            for _ in range(3 if kind != "poison" else 1):
                self.clients.ask_for(kind)
        if arrow == "again":
            # Published while nobody fetches, and then the broker forgets: that has to be published again.
            self.supervisor.kill("worker-attendance", 0)
            self.tally.kill("worker")
            time.sleep(0.8)
            self.strike("valkey")

    def spring(self, armed: tuple[str, float], rest: list[str]) -> tuple[str, float] | None:
        """Kill whoever waits at the barrier; after a while give up for now and come back to this arrow later."""
        arrow, since = armed
        folder = self.run / "barriers"
        for held in folder.glob(f"{arrow}.held.*"):
            pid = int(held.name.rsplit(".", 1)[1])
            held.unlink(missing_ok=True)
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
                self.tally.arrows[arrow] += 1
                self.tally.kill(f"in {arrow}")
                return None
        if time.monotonic() - since > 12:
            (folder / f"{arrow}.armed").unlink(missing_ok=True)
            rest.append(arrow)
            return None
        return armed

    def strike(self, target: str) -> None:
        pause = self.dice.uniform(0.0, 1.0)
        if target == "valkey":
            self.servers.kill_valkey()
            self.tally.kill(target)
            time.sleep(pause)
            self.servers.restart_valkey()
        elif target == "postgres":
            self.servers.kill_postgres()
            self.tally.kill(target)
            time.sleep(pause)
            self.servers.restart_postgres()
        elif target == "child":
            forking = [c for n, c in self.supervisor.children.items() if n.startswith("worker") or n == "web"]
            if kill_one_fork(self.dice.choice(forking), self.dice):
                self.tally.kill(target)
        else:
            self.supervisor.kill(target, pause / 2)
            self.tally.kill(target.split("-", maxsplit=1)[0])

    # --- the reckoning ----------------------------------------------------------------------------------------------
    def rest(self) -> float:
        """Let everything come to rest; seconds it took."""
        from tests.chaos import stage

        began = time.monotonic()
        if operator := self.supervisor.children.get("operator"):
            # He would send what must fail back for ever.
            operator.wanted = False
            operator.kill()
        self.clients.stop(90)
        least, since = float("inf"), began
        while (now := time.monotonic()) < min(since + NOTHING_FOR_S, began + REST_S):
            left = stage.left(self.given.engine)
            if left == 0:
                break
            if left is not None and left < least:
                least, since = left, now
            time.sleep(0.5)
        return time.monotonic() - began

    def slowest(self, effects: list[tuple[int, str, str, float]]) -> list[dict[str, Any]]:
        """The twenty jobs that took longest, for a person to find out why."""
        from tests.chaos.tasks import TASKS

        answered, meant = self.journal.answered, self.journal.meant
        took = sorted(((done - answered[n], n) for n, _, _, done in effects if n in answered), reverse=True)[:20]
        return [
            {
                "seconds": round(seconds, 1),
                "n": n,
                "kind": meant[n].kind,
                "task": TASKS[meant[n].task % len(TASKS)].name,
                "at": time.strftime("%H:%M:%S", time.gmtime(answered[n])),
            }
            for seconds, n in took
        ]

    def letters(self) -> list[str]:
        """What each letter's reader found: ``good``, or that it was ``early``."""
        arrived = self.run / "letters"
        return [line.split()[1] for line in arrived.read_text().splitlines()] if arrived.exists() else []

    def reckon(self, rested_in: float) -> dict[str, Any]:
        from tests.chaos import stage

        found = stage.count(self.given.engine, sorted(self.tokens))
        meant, answered = self.journal.meant, self.journal.answered
        by_kind: dict[str, set[int]] = {}
        for intention in meant.values():
            by_kind.setdefault(intention.kind, set()).add(intention.n)
        effects = Counter(n for n, *_ in found.effects)
        committed = {n for n, count in found.business.items() if count}
        to_be_done = by_kind.get("well", set()) | by_kind.get("later", set())
        buried = set(found.dead)
        lost = [n for n in to_be_done if (n in committed or n in answered) and n not in effects and n not in buried]
        lost = [n for n in lost if n not in found.alive]
        doubled = [n for n, count in effects.items() if count > 1] + [
            n for n, count in found.business.items() if count > 1
        ]
        poison = by_kind.get("poison", set()) & committed
        result = {
            "engine": self.given.engine,
            "seed": self.given.seed,
            "seconds": round(self.took),
            "aof": self.given.aof,
            "kills": sum(self.tally.kills.values()),
            "by_target": dict(sorted(self.tally.kills.items())),
            "died_by_itself": self.supervisor.died_by_itself,
            "arrows": len(self.arrows()) if self.ledger else 0,
            "arrows_killed": len(self.tally.arrows),
            "committed": len(committed),
            "answered": len(answered),
            "answered_but_not_committed": len(set(answered) - committed),
            "lost": len(lost),
            "duplicated": len(doubled),
            "stuck": len(found.alive),
            "innocent_dead": len(buried & to_be_done),
            "buried_waiting": len(found.never_tried & to_be_done),
            "mail_before_commit": self.letters().count("early"),
            "poison": len(poison),
            "poison_not_dead": len(poison - buried),
            "failing_not_dead": len((by_kind.get("raise", set()) & committed) - buried),
            "done_that_should_not": len([n for n in effects if meant[n].kind not in {"well", "later"}]),
            "wrong_school": len(
                [1 for n, schema, school, _ in found.effects if not same_school(meant[n], schema, school)]
            ),
            "recovery_p99_s": recovery(found.effects, answered, self.tally.moments),
            "rested_in_s": round(rested_in, 1),
        }
        names = {"lost": lost[:20], "doubled": doubled[:20], "stuck": list(found.alive)[:20],
                 "innocent_dead": sorted(buried & to_be_done)[:20], "slowest": self.slowest(found.effects)}  # fmt: skip
        (self.run / "findings.json").write_text(json.dumps(names))
        return result


def same_school(intention: Intention, schema: str, school: str) -> bool:
    return school == intention.school and schema == f"school_{intention.school.replace('-', '_')}"


def recovery(effects: list[tuple[int, str, str, float]], answered: dict[int, float], kills: list[float]) -> float:
    """99th percentile, in seconds, of how long the jobs took that a kill fell into."""
    hit = sorted(
        done - answered[n]
        for n, _, _, done in effects
        if n in answered and any(answered[n] <= moment <= done for moment in kills)
    )
    return round(hit[int(len(hit) * 0.99)], 1) if hit else 0.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def verdict(result: dict[str, Any], *, enough: bool) -> int:
    if result["engine"] == "celery":
        # The control: a driver that cannot see plain Celery lose jobs sees nothing.
        return 0 if result["lost"] > 0 else 1
    wrong = ("lost", "duplicated", "stuck", "innocent_dead", "poison_not_dead", "wrong_school", "done_that_should_not",
             "buried_waiting", "mail_before_commit")  # fmt: skip
    sound = not any(result[name] for name in (*wrong, "answered_but_not_committed", "failing_not_dead"))
    return 0 if sound and enough and result["arrows_killed"] == result["arrows"] else 1


def main() -> int:
    refuse_base_url("chaos kills processes and databases, which must be its own.")
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--engine", choices=("ledger", "celery"), default="ledger")
    parser.add_argument("--aof", choices=("on", "off"), default="off")
    chaos = Chaos(parser.parse_args())
    try:
        chaos.prepare()
        chaos.raise_curtain()
        chaos.torment()
        result = chaos.reckon(chaos.rest())
    finally:
        chaos.supervisor.end()
        if hasattr(chaos, "servers"):
            chaos.servers.stop()
    print("RESULT", json.dumps(result))
    return verdict(result, enough=chaos.enough())


if __name__ == "__main__":
    sys.exit(main())
