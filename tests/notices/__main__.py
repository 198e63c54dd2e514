"""``python -m tests.notices [--schools 20] [--absences 400]``: absences told while workers and servers are killed.

A mail server and an SMS gateway of ours lose, delay, refuse and answer twice, one is dead for a while, and workers die
by SIGKILL. What arrived is counted from their journals against what should have, computed here from the plan. Exit code
1 when anything arrives twice, not at all, at the wrong address, at night, or after a restriction.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from config import demo
from config.env import BASE_DIR
from schoolops import launcher
from tests.notices.carriers import SECRET
from tests.outside import refuse_base_url
from tests.smoke.stack import SMOKE, fresh_stack

PATIENCE_S = 420.0
EVERY_S = 300
KILLS = 5
Plan = dict[str, dict[str, Any]]
# Channel, address, what it is about: the unit that arrives once.
Unit = tuple[str, str, str]


def say(text: str) -> None:
    print(text, flush=True)


def planned(schools: int, absences: int, dice: random.Random) -> Plan:
    """By school: children of whom so many are absent, their guardians, and what becomes of whom."""
    each = max(4, absences // schools)
    plan: Plan = {}
    for place in range(schools):
        slug = f"n{place:02}"
        children = [f"Child{number:02}" for number in range(each)]
        guardians: dict[str, dict[str, Any]] = {}
        # The first pairs are brothers and sisters, of one guardian; every fifth child has two guardians.
        pairs = max(1, each // 8)
        families = [children[2 * number : 2 * number + 2] for number in range(pairs)]
        families += [[name] for name in children[2 * pairs :]]
        for number, family in enumerate(families):
            for copy in range(2 if number % 5 == 4 else 1):
                guardians[f"g{number}-{copy}"] = {
                    "children": family, "phone": f"+44207946{place:02}{2 * number + copy:02}" if number % 2 else "",
                    "language": "ar" if number % 7 == 3 else "", "mail": number % 6 != 5,
                }  # fmt: skip
        dice.shuffle(children)
        plan[slug] = {
            "children": each, "absent": children, "guardians": guardians, "texts": place % 2 == 0,
            "quiet": place == 1, "held": place == 2, "restricted": dice.sample(sorted(guardians), 2),
            "corrected_before": children[: each // 6], "corrected_after": children[each // 6 : each // 4],
        }  # fmt: skip
    return plan


def expected(plan: Plan) -> dict[Unit, str]:
    """What should arrive, and from which school, by the plan alone."""
    found: dict[Unit, str] = {}
    for slug, said in plan.items():
        if said["quiet"]:
            continue
        for name, guardian in said["guardians"].items():
            told = [child for child in guardian["children"] if child not in said["corrected_before"]]
            if name in said["restricted"] or not told:
                continue
            wrong = [child for child in told if child in said["corrected_after"]]
            if guardian["mail"]:
                found["email", f"{name}@{slug}.example", "absent"] = slug
                if wrong:
                    found["email", f"{name}@{slug}.example", "correction"] = slug
            if said["texts"] and guardian["phone"]:
                found["sms", guardian["phone"], "absent"] = slug
    return found


def unit_of(line: dict[str, Any]) -> Unit:
    """What a line of a journal is about: a correction says so in its subject, in either language."""
    corrects = line["subject"].startswith(("Correction", "تصحيح"))
    return line["channel"], line["to"], "correction" if corrects else "absent"


class Day:
    """A morning of all the schools."""

    def __init__(self, schools: int, absences: int, seed: int) -> None:
        self._dice = random.Random(seed)
        self.plan = planned(schools, absences, self._dice)
        self._folder = launcher.spare_folder(SMOKE.with_name("notices"))
        # What a run that was stopped left would be counted as this one's.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / "plan.json"
        self._path.write_text(json.dumps(self.plan), encoding="utf-8")
        self._carriers: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {"smtp": launcher.free_port(), "sms": launcher.free_port()}
        self._reports = ""
        self.kills = 0

    # --- those who receive --------------------------------------------------------------------------------------------
    def _journal(self, kind: str) -> Path:
        return self._folder / f"{kind}.jsonl"

    def carry(self, kind: str) -> None:
        """Start the mail server or the gateway."""
        said = [str(self._ports[kind]), str(self._journal(kind)), f"{kind}-{self.kills}", self._reports]
        self._carriers[kind] = subprocess.Popen(
            [sys.executable, "-m", "tests.notices.carriers", kind, *said], cwd=BASE_DIR
        )

    def stop(self, kind: str) -> None:
        """SIGKILL it."""
        self._carriers[kind].kill()
        self._carriers[kind].wait()

    def lines(self) -> list[dict[str, Any]]:
        found = []
        for kind in self._ports:
            if self._journal(kind).exists():
                found += [json.loads(each) for each in self._journal(kind).read_text(encoding="utf-8").splitlines()]
        return found

    def variables(self) -> dict[str, Any]:
        """What the programs are told of them."""
        return {
            "EMAIL_URL": f"smtp://127.0.0.1:{self._ports['smtp']}",
            "SMS_URL": f"http://127.0.0.1:{self._ports['sms']}/send",
            "SMS_BODY": json.dumps({"to": "{to}", "text": "{text}", "key": "{key}", "callback": "{callback}"}),
            "SMS_WEBHOOK_SECRET": SECRET,
            **_school_day(),
        }

    # --- the morning --------------------------------------------------------------------------------------------------
    def lived(self, up: demo.Stack) -> dict[str, Any]:
        from tests.attack.target import Machine

        self._machine = Machine(up)
        self._reports = f"http://127.0.0.1:{up.port}"
        try:
            for kind in self._ports:
                self.carry(kind)
            self._step("make")
            say(f"{len(self.plan)} schools are there")
            with self._machine.tended():
                return self._morning()
        finally:
            for kind in self._carriers:
                self.stop(kind)

    def _morning(self) -> dict[str, Any]:
        # Rolls are corrected before the next moment at which messages go out.
        if (left := EVERY_S - time.time() % EVERY_S) < 100:
            say(f"waiting {left:.0f} s for a moment with time for corrections")
            time.sleep(left + 1)
        self._step("mark")
        self._step("correct")
        early = self.lines()
        time.sleep(EVERY_S - time.time() % EVERY_S)
        say("it is time")
        for number in range(KILLS):
            time.sleep(self._dice.uniform(0.5, 2.5))
            self._machine.kill(("notifications", "relay")[number % 2] if number != 2 else "notifications")
            self.kills += 1
            if number == 1:
                self.stop("smtp")
                say("the mail server is dead")
            if number == 3:
                self.carry("smtp")
        self._settled("absences")
        held = [unit for unit in self._units() if unit[1].endswith("@n02.example")]
        self._step("release")
        self._settled("what was held")
        self._step("correct-late")
        time.sleep(2)
        self._machine.kill("notifications")
        self.kills += 1
        self._settled("corrections")
        return {"sent_before_its_time": len(early), "sent_while_held": len(held), **self._counted()}

    def _step(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(
            self._machine.run("-m", "tests.notices.school", name, str(self._path)).splitlines()[-1]
        )
        return answer

    def _settled(self, what: str) -> None:
        """Wait until nothing waits but what is held, or for the morning."""
        until, hastened = time.monotonic() + PATIENCE_S, time.monotonic()
        quiet = 0
        while quiet < 2:
            time.sleep(3)
            state = self._step("state")
            waits = sum(each["open"] for slug, each in state.items() if slug != "n02" or what != "absences")
            quiet = quiet + 1 if not waits else 0
            if waits and time.monotonic() - hastened > 60:
                self._step("later")
                hastened = time.monotonic()
            if time.monotonic() > until:
                say(f"{what}: {waits} messages still wait")
                return
        say(f"{what}: all is sent")

    def _units(self) -> Counter[Unit]:
        return Counter(unit_of(line) for line in self.lines())

    def _counted(self) -> dict[str, Any]:
        """What arrived against what should have."""
        should, found, state = expected(self.plan), self._units(), self._step("state")
        unknown: set[tuple[str, str]] = {
            (channel, address) for each in state.values() for channel, address, *_ in each["unknown"]
        }
        missing = [unit for unit in should if unit not in found and unit[:2] not in unknown]
        strange = [unit for unit in found if unit not in should]
        by_night = [unit for unit in strange if unit[1].endswith("@n01.example") or unit[1].startswith("+4420794601")]
        barred = [unit for unit in strange if unit[1] in self._barred()]
        wrong = [unit for unit in strange if unit not in by_night and unit not in barred]
        for name, those in (("missing", missing), ("wrong", wrong), ("barred", barred)):
            for unit in those[:5]:
                say(f"{name}: {unit}")
        return {
            "facts": len(should),
            "duplicate_messages": sum(number - 1 for number in found.values()),
            "missing_messages": len(missing),
            "wrong_recipient": len(wrong),
            "sent_in_quiet_hours": len(by_night),
            "sent_after_restriction": len(barred),
            "outcome_unknown": sum(len(each["unknown"]) for each in state.values()),
            "kills": self.kills,
        }

    def _barred(self) -> set[str]:
        found = set()
        for slug, said in self.plan.items():
            for name in said["restricted"]:
                found |= {f"{name}@{slug}.example", said["guardians"][name]["phone"]}
        return found - {""}


def _school_day() -> dict[str, str]:
    """Nothing on a day of school; at the weekend, that it is Monday."""
    today = dt.datetime.now(dt.UTC).date()
    return {} if today.isoweekday() < 5 else {"SCHOOLOPS_TODAY": f"{today + dt.timedelta(8 - today.isoweekday())}"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.notices", description=__doc__)
    parser.add_argument("--schools", type=int, default=20)
    parser.add_argument("--absences", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    refuse_base_url("it makes schools of its own and kills what serves them.")
    day = Day(given.schools, given.absences, given.seed)
    began = time.monotonic()
    try:
        with demo.stop_on_signals(), fresh_stack(**day.variables()) as up:
            result = day.lived(up)
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    say("RESULT " + json.dumps({**result, "seconds": round(time.monotonic() - began, 1)}))
    may = {"facts", "outcome_unknown", "kills"}
    return 1 if any(value for name, value in result.items() if name not in may) or not result["facts"] else 0


if __name__ == "__main__":
    sys.exit(main())
