"""``python -m tests.attack [--seconds 600]``: the stack, tried as an attacker would. Exit code 1 when one gets in."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Collection, Mapping
from typing import Any

from config import demo
from schoolops import launcher
from tests.attack import fuzz, told
from tests.outside import refuse_base_url
from tests.smoke.stack import fresh_stack

MOST_TIMES_SLOWER = 3.0
PARTS = ("steps", "bombs", "requests")
# How much was tried, which makes nothing open.
TRIED = frozenset({"steps_tried", "bombs_tried", "cases"})


def say(text: str) -> None:
    # Beside the journal of what the programs say.
    print(text, file=sys.__stdout__, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="of generated requests")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="while a part is mended")
    parser.add_argument(
        "--people", choices=fuzz.PEOPLE, nargs="+", default=fuzz.PEOPLE, help="who generated requests are of"
    )
    given = parser.parse_args()
    refuse_base_url("an attack is made on a stack that it starts itself, and on no other.")
    try:
        with demo.stop_on_signals(), told.overheard() as (journal, variables), fresh_stack(**variables) as up:
            result = attack(up, journal, given.seconds, given.only, given.people)
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    say("RESULT " + json.dumps(result))
    return 0 if is_shut(result) else 1


def is_shut(result: Mapping[str, float]) -> bool:
    """Whether nothing is open, failed, restarted, lost or told in a log, and the neighbour is hardly slower."""
    most = {"neighbour_p95_ratio": MOST_TIMES_SLOWER}
    return all(value <= most.get(name, 0) for name, value in result.items() if name not in TRIED)


def attack(
    up: demo.Stack, journal: told.Journal, seconds: float, parts: Collection[str], people: Collection[str]
) -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    django.setup()
    from tests.attack import bombing
    from tests.attack.steps import STEPS, tried
    from tests.attack.target import Machine

    machine = Machine(up)
    oak, elm = (
        machine.school(each["host"], {login["username"]: login["password"] for login in each["logins"]})
        for each in up.schools
    )
    # What was not tried is none of these, and is not said.
    result: dict[str, Any] = {}
    with machine.tended():
        web = machine.processes_of("web")
        if "steps" in parts:
            result |= {"steps_tried": len(STEPS), "findings_open": len(tried(oak, STEPS, say))}
        if "bombs" in parts:
            beside = bombing.compared(oak, elm, "ellen")
            say(beside.told())
            result |= {"bombs_tried": beside.tried, "lost": beside.lost}
            result["neighbour_p95_ratio"] = round(beside.ratio, 2)
        if "requests" in parts and seconds > 0:
            result["cases"], result["schemathesis_failures"] = fuzz.tried(oak, people, seconds, say)
        # A process of the web server that is another one by now has died, whoever started the next.
        result["web_restarts"] = len(web - machine.processes_of("web"))
    result["told_in_logs"] = len(told.reported(journal, told.secrets_of(machine), say))
    return result


if __name__ == "__main__":
    sys.exit(main())
