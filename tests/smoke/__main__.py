"""``python -m tests.smoke``: starts SchoolOps with fresh data, lives a day in it, and tries every route at the wall.

``BASE_URL=https://oak.example:8000`` points it at a running installation instead, for what changes nothing there.
Exit code 1 on any leak, any refusal of somebody who may, and any route nobody has said how to ask.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from config import demo
from config.env import BASE_DIR, Environment
from schoolops import launcher

SMOKE = BASE_DIR / ".schoolops" / "smoke"
DATABASE = "schoolops_smoke"
# Not in the demo's list: made for the day by its story.
SUBSTITUTE = "grace"


def main() -> int:
    began = time.monotonic()
    try:
        if base_url := os.environ.get("BASE_URL"):
            from tests.smoke import from_outside

            result, wrong = from_outside.run(base_url, say)
        else:
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


@contextmanager
def fresh_stack() -> Iterator[demo.Stack]:
    """SchoolOps with nothing in it but the demo's schools, in a folder that is gone afterwards."""
    folder = launcher.spare_folder(SMOKE)
    quiet = {"LOG_LEVEL": "ERROR", "MEDIA_ROOT": str(folder / "media")}
    try:
        with demo.stack(folder, read_environment=_environment, more=quiet, profile=launcher.THROWAWAY) as up:
            yield up
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> Environment:
    """What the environment names, but a database of our own; never the servers of a demo that runs beside us."""
    named = {
        name: os.environ[name]
        for name in ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "SCHOOLOPS_TODAY")
        if os.environ.get(name)
    }
    # Any port but the usual one: two web servers may share a port, and a demo beside us would answer half of it.
    named["PORT"] = str(launcher.free_port(None))
    if url := named.pop("DATABASE_ADMIN_URL", "") or named.get("DATABASE_URL", ""):
        named["DATABASE_URL"] = urlsplit(url)._replace(path=f"/{DATABASE}").geturl()
    return Environment(named)


def run(up: demo.Stack) -> tuple[dict[str, Any], list[str]]:
    """The day, then the wall. What to print, and what was wrong."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    # Only to read the routes: nothing of it asks a database.
    django.setup()
    from tests.api.addresses import addresses
    from tests.smoke import asks, day
    from tests.smoke.rows import Rows
    from tests.smoke.wall import Side, Stranger, Wall
    from tests.smoke.web import Web
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
            return World(send, passwords, roles, lambda user_id: rows.track(slug, user_id))

        oak, elm = world("oak"), world("elm")
        lived = day.live(oak, say)
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
    say(f"{report.twins} routes × methods, each tried by {len(strangers)} who must not and by one who may")
    stale = [f"tests/smoke/asks.py declares {each}, which is no route" for each in asks.undeclared(addresses())]
    result = {
        "schools": len(up.schools),
        "students": lived.students,
        "marked": lived.marked,
        "probes": report.probes,
        "leaks": len(report.leaks),
    }
    return result, [*report.leaks, *report.failures, *stale]


if __name__ == "__main__":
    sys.exit(main())
