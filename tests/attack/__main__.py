"""``python -m tests.attack [--seconds 600]``: the stack, tried as an attacker would. Exit code 1 when one gets in."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from config import demo
from schoolops import launcher
from tests.outside import refuse_base_url
from tests.smoke.stack import fresh_stack

MOST_TIMES_SLOWER = 3.0
COUNTS = ("findings_open", "schemathesis_failures", "web_restarts", "lost")


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="of generated requests")
    given = parser.parse_args()
    refuse_base_url("an attack is made on a stack that it starts itself, and on no other.")
    try:
        with demo.stop_on_signals(), fresh_stack() as up:
            result = attack(up, given.seconds)
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    say("RESULT " + json.dumps(result))
    return 0 if is_shut(result) else 1


def is_shut(result: Mapping[str, float]) -> bool:
    """Whether nothing is open, failed, restarted or lost, and the neighbour is hardly slower."""
    ratio = result["neighbour_p95_ratio"]
    return ratio <= MOST_TIMES_SLOWER and not any(
        value for name, value in result.items() if name != "neighbour_p95_ratio"
    )


def attack(up: demo.Stack, seconds: float) -> dict[str, Any]:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    django.setup()
    from tests.attack import bombing, fuzz
    from tests.attack.steps import STEPS, tried
    from tests.attack.target import Machine

    machine = Machine(up)
    oak, elm = (
        machine.school(each["host"], {login["username"]: login["password"] for login in each["logins"]})
        for each in up.schools
    )
    with machine.tended():
        web = machine.processes_of("web")
        found = tried(oak, STEPS, say)
        beside = bombing.compared(oak, elm, "ellen")
        for name, why in beside.wrong.items():
            say(f"WRONG  {name}: {why}")
        quiet, bombed = bombing.p95(beside.quiet), bombing.p95(beside.bombed)
        asked = len(beside.quiet + beside.bombed)
        say(f"neighbour's p95: {quiet:.0f} ms quiet, {bombed:.0f} ms bombed; {beside.unanswered} of {asked} lost")
        generated = fuzz.tried(oak, seconds, say) if seconds > 0 else 0
        # A process of the web server that is another one by now has died, whoever started the next.
        restarts = len(web - machine.processes_of("web"))
    return {
        "findings_open": len(found),
        "schemathesis_failures": generated,
        "neighbour_p95_ratio": round(beside.ratio, 2),
        "web_restarts": restarts,
        "lost": beside.lost,
    }


if __name__ == "__main__":
    sys.exit(main())
