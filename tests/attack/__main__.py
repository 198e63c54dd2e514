"""``python -m tests.attack [--seconds 600]``: the stack, tried as an attacker would. Exit code 1 when one gets in."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time

from config import demo
from schoolops import launcher
from tests.outside import refuse_base_url
from tests.smoke.stack import fresh_stack

MOST_TIMES_SLOWER = 3.0
QUIET_S = 20.0


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="of generated requests")
    given = parser.parse_args()
    refuse_base_url("an attack is made on a stack that it starts itself, and on no other.")
    try:
        with demo.stop_on_signals(), fresh_stack() as up:
            return attack(up, given.seconds)
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1


def attack(up: demo.Stack, seconds: float) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    django.setup()
    from tests.attack import bombing, fuzz
    from tests.attack.steps import STEPS, Target

    oak, elm = (
        Target(up.port, each["host"], {login["username"]: login["password"] for login in each["logins"]})
        for each in up.schools
    )
    over = threading.Event()

    def tended() -> None:
        while not over.wait(0.5):
            up.tend()

    keeper = threading.Thread(target=tended)
    keeper.start()
    try:
        found: dict[str, str] = {}
        for name, step in STEPS.items():
            try:
                found[name] = step(oak)
            except Exception as unexpected:  # noqa: BLE001 - a step that cannot be tried counts as open
                found[name] = f"could not be tried: {unexpected!r}"[:600]
            say(f"{'OPEN  ' if found[name] else 'shut  '} {name} {found[name]}")
        until = time.monotonic() + QUIET_S
        quiet, lost = bombing.p95_of(elm, "ellen", lambda: time.monotonic() > until)
        wrong: dict[str, str] = {}
        bomber = threading.Thread(target=lambda: wrong.update(bombing.bomb(oak)))
        bomber.start()
        bombed, more_lost = bombing.p95_of(elm, "ellen", lambda: not bomber.is_alive())
        lost += more_lost + len(wrong)
        for name, why in wrong.items():
            say(f"WRONG  {name}: {why}")
        say(f"neighbour's p95: {quiet:.0f} ms quiet, {bombed:.0f} ms beside bombs")
        generated = fuzz.failures(oak, seconds) if seconds > 0 else {}
        for who, why in generated.items():
            say(f"FOUND  as {who}: {why}")
    finally:
        over.set()
        keeper.join()
    result = {
        "findings_open": sum(1 for each in found.values() if each),
        "schemathesis_failures": len(generated),
        "neighbour_p95_ratio": round(bombed / quiet, 2),
        "web_restarts": up.supervisor.restarts.get("web", 0),
        "lost": lost,
    }
    say("RESULT " + json.dumps(result))
    fits = result["neighbour_p95_ratio"] <= MOST_TIMES_SLOWER
    return 0 if fits and not any(value for name, value in result.items() if name != "neighbour_p95_ratio") else 1


if __name__ == "__main__":
    sys.exit(main())
