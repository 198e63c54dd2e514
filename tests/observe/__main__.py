"""``make observe``: a real Prometheus watches the running stack under traffic; every alert is driven by its cause.

Thresholds are those of the table; windows and ``for`` are shortened by one factor, which is printed. Takes about a
quarter of an hour: one threshold is a job that waits for five minutes. Needs Prometheus (Debian: ``apt-get install
prometheus``); the alert about the disk also needs root, for a small disk of its own.

With ``BASE_URL=https://oak.example`` it looks at a running installation instead, and brings nothing about there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from config.env import BASE_DIR
from schoolops import launcher
from tests.observe import evidence
from tests.observe.causes import Cause, causes
from tests.observe.stage import FASTER, Failed, Stage, say, until

RESOLVES_WITHIN_S = 150


def rehearse(stage: Stage) -> tuple[set[str], set[str]]:
    """Drive every alert; returns those that fired and those that resolved."""
    fired: set[str] = set()
    resolved: set[str] = set()
    began = time.monotonic()
    for cause in causes():
        if cause.early is not None:
            cause.early(stage)
    for cause in causes():
        if cause.root and os.geteuid():
            say(f"not driven, for it needs root: {_list(cause.alerts)}")
            continue
        seen, over = drive(stage, cause)
        fired |= seen
        resolved |= over
    say(f"rehearsed for {time.monotonic() - began:.0f} s")
    return fired, resolved


def drive(stage: Stage, cause: Cause) -> tuple[set[str], set[str]]:
    """Bring ``cause`` about; the alerts of its that fired, and of these that resolved once it was over."""
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.update(stage.firing() & cause.alerts)
        return seen == cause.alerts

    try:
        with cause.drive(stage):
            try:
                took = until(f"{_list(cause.alerts)} fired", all_seen, cause.patience_s)
                say(f"fired after {took:.0f} s: {_list(cause.alerts)}")
            except Failed as failure:
                # What caused it ends all the same: the next must not begin in its ruins.
                say(f"NOT: {failure} Missing: {_list(cause.alerts - seen)}")
        took = until(f"{_list(cause.alerts)} resolved", lambda: not stage.firing() & cause.alerts, RESOLVES_WITHIN_S)
        say(f"resolved after {took:.0f} s: {_list(cause.alerts)}")
    except Failed as failure:
        say(f"NOT: {failure}")
    return seen, seen - stage.firing()


def _list(alerts: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(alerts))


@contextmanager
def curtain_up() -> Iterator[Stage]:
    """The stack on servers of its own, gone afterwards."""
    lock = launcher.hold_spare(BASE_DIR / ".schoolops" / "observe")
    with launcher.start(launcher.THROWAWAY, lock.folder, lock=lock) as servers:
        run = lock.folder / "run"
        run.mkdir()
        stage = Stage(run, servers)
        try:
            stage.raise_curtain()
            yield stage
        finally:
            stage.close()


def main() -> int:
    if base_url := os.environ.get("BASE_URL"):
        from tests.observe import watching

        return watching.run(base_url)
    if shutil.which("prometheus") is None:
        say("Prometheus is not installed (Debian: apt-get install prometheus); nothing can be rehearsed.")
        return 1
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    django.setup()
    from schoolops.observability.alerts import ALERTS

    middleware_us, lived = evidence.figure("cost"), evidence.figure("lives")
    say(f"200 lives: {lived}")
    say(f"windows and `for` are {FASTER} times shorter than declared; thresholds are those declared")
    # Asked to stop, everything we started is stopped as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with curtain_up() as stage:
            stage.watch()
            fired, resolved = rehearse(stage)
            stage.quieten()
            # Every process hands on every five seconds.
            time.sleep(8)
            error = evidence.percentile_error(stage)
    except Failed as failure:
        say(f"FAILED: {failure}")
        return 1
    wanted = {alert.name for alert in ALERTS}
    if os.geteuid():
        wanted -= {name for cause in causes() if cause.root for name in cause.alerts}
    result: dict[str, Any] = {
        "alerts_declared": len(ALERTS),
        "alerts_fired": len(fired),
        "alerts_resolved": len(resolved),
        "percentile_error": error,
        "middleware_us": middleware_us,
        "scrape_growth": lived["growth"],
    }
    passed = (
        fired == resolved == wanted
        and error <= 0.01
        and middleware_us <= 100
        and lived["growth"] <= 1.2
        and lived["exact"]
        and not lived["fell"]
    )
    print("RESULT", json.dumps(result), flush=True)
    return 0 if passed else 1


def declared_but_not_driven() -> set[str]:
    """Names of the table of alerts that no cause drives."""
    from schoolops.observability.alerts import ALERTS

    return {alert.name for alert in ALERTS} - {name for cause in causes() for name in cause.alerts}


if __name__ == "__main__":
    sys.exit(main())
