"""``python -m tests.smoke``: starts SchoolOps with fresh data, lives a day in it, and tries every route at the wall.

``BASE_URL=https://oak.example:8000`` points it at a running installation instead, for what changes nothing there.
Exit code 1 on any leak, any refusal of somebody who may, and any route nobody has said how to ask.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from config import demo
from config.env import Environment
from schoolops import clock, launcher
from tests.smoke.stack import fresh_stack

# Not in the demo's list: made for the day by its story.
SUBSTITUTE = "grace"


def main() -> int:
    began = time.monotonic()
    try:
        if base_url := os.environ.get("BASE_URL"):
            from tests.smoke import from_outside

            result, wrong = from_outside.run(base_url, say)
        else:
            # Of today, and from no moment of it: each program would begin there when it begins, and a worker wait for
            # what the web server says is now.
            if there := Environment().moment("SCHOOLOPS_TODAY"):
                clock.begin_at(there)
            with demo.stop_on_signals(), fresh_stack() as up:
                result, wrong = run(up)
    except demo.Stopped:
        return 130
    except launcher.LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    for each in wrong:
        print(f"WRONG  {each}")
    print("RESULT " + json.dumps({**result, "seconds": round(time.monotonic() - began, 1)}))
    return 1 if wrong else 0


def say(text: str) -> None:
    print(f"ok     {text}", flush=True)


def run(up: demo.Stack) -> tuple[dict[str, Any], list[str]]:
    """The day, then the wall. What to print, and what was wrong."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    # Only to read the routes: nothing of it asks a database.
    django.setup()
    from tests.api.addresses import addresses
    from tests.smoke import day, families, rosters
    from tests.smoke.asks import table as asks
    from tests.smoke.rows import Rows
    from tests.smoke.wall import Side, Stranger, Wall
    from tests.smoke.web import NotAsExpected, Web
    from tests.smoke.world import World

    webs = {each["slug"]: Web(f"http://127.0.0.1:{up.port}") for each in up.schools}
    hosts = {each["slug"]: each for each in up.schools}

    with Rows(up.addresses.values["DATABASE_ADMIN_URL"]) as rows:

        def world(slug: str) -> World:
            def send(method: str, path: str, token: Any, body: Any, query: Any, headers: Any) -> Any:
                up.check()
                return webs[slug].ask(
                    method, path, host=hosts[slug]["host"], token=token, body=body, query=query, headers=headers
                )

            logins = hosts[slug]["logins"]
            roles = {each["role"]: each["username"] for each in reversed(logins)} | {"substitute": SUBSTITUTE}
            passwords = {each["username"]: each["password"] for each in logins}
            return World(
                send,
                passwords,
                roles,
                lambda user_id, task: rows.track(slug, user_id, task),
                lambda run: rows.stop(rows.schema_of(slug), run),
                lambda: rows.working(rows.schema_of(slug)),
                lambda message, state: rows.became(rows.schema_of(slug), message, state),
            )

        oak, elm = world("oak"), world("elm")
        lived = day.live(oak, say)
        at = (hosts["oak"]["host"], hosts["elm"]["host"])
        of_family = families.walk(oak, elm, at, up.port, say)
        sides = [Side(each, rows.schema_of(slug), hosts[slug]["name"]) for slug, each in (("oak", oak), ("elm", elm))]
        expired = oak.login(oak.administrator)["access_token"]
        rows.expire(sides[0].schema, expired)
        revoked = oak.login(oak.administrator)["access_token"]
        oak.ask("POST", "auth/logout", token=revoked).expect()
        strangers = (
            Stranger("Elm's administrator at Oak", elm.token(elm.administrator), at_home=True),
            Stranger("Oak's administrator at Elm", oak.token(oak.administrator), at_home=False),
            Stranger("nobody", None, at_home=True),
            Stranger("an expired token", expired, at_home=True),
            Stranger("a revoked token", revoked, at_home=True),
        )
        report = Wall(sides[0], sides[1], rows, strangers).probe(addresses())
        imported: dict[str, Any] = {}
        try:
            imported = rosters.import_twice(oak, say)
        except NotAsExpected as refused:
            # Whoever got in at the wall may have ended every login of Oak's: what got in is told all the same.
            report.failures.append(f"a roster does not come in: {refused}")
    say(f"{report.twins} routes × methods, each tried by {len(strangers)} who must not and by one who may")
    stale = [f"tests/smoke/asks/ declares {each}, which is no route" for each in asks.undeclared(addresses())]
    result = {
        "schools": len(up.schools),
        "students": lived.students,
        "marked": lived.marked,
        "probes": report.probes + of_family.probes,
        "leaks": len(report.leaks) + len(of_family.leaks),
        **imported,
    }
    found = [*report.leaks, *report.failures, *of_family.leaks, *of_family.failures]
    return result, [*found, *stale]


if __name__ == "__main__":
    sys.exit(main())
