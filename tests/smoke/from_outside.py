"""The part that changes nothing, against an installation that runs: reads, and strangers who must be turned away."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Say = Callable[[str], None]


def run(base_url: str, say: Say) -> tuple[dict[str, Any], list[str]]:
    """Try every route at ``base_url`` where the demo's two schools are. What to print, and what was wrong."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.offline"
    import django

    django.setup()
    from apps.demo.services import SCHOOLS
    from tests.api.addresses import addresses
    from tests.smoke.asks.table import NoAskDeclared, ask_for, holes, is_declared, is_open, path_of
    from tests.smoke.web import Web
    from tests.smoke.world import NothingThere, World

    web = Web(base_url)

    def world(demo: Any) -> World:
        def send(method: str, path: str, token: Any, body: Any, query: Any, headers: Any) -> Any:
            return web.ask(method, path, host=demo.host, token=token, body=body, query=query, headers=headers)

        def track(_user_id: str, _task: str) -> int:
            raise NoAskDeclared("Only with the database at hand.")

        def stop(_run: str) -> None:
            raise NoAskDeclared("Only with the database at hand.")

        logins = {each.username: each.password(demo.slug) for each in demo.logins}
        return World(send, logins, {each.role: each.username for each in reversed(demo.logins)}, track, stop)

    oak, elm = (world(demo) for demo in SCHOOLS)
    wrong: list[str] = []
    reads = probes = 0
    for address in addresses():
        ids = {name: str(uuid.uuid4()) for name in holes(address)} | {"day": "2026-09-01", "job_id": "1"}
        made = None
        if address.method == "GET" and not is_declared(address):
            # A list may well be empty at a school we did not fill; strangers are turned away all the same.
            with suppress(NothingThere):
                made = ask_for(address, oak)
                answer = oak.ask("GET", path_of(address, made.ids))
                reads += 1
                if not answer.ok:
                    wrong.append(f"{address}: whoever may is refused: {answer.status}")
        if is_open(address):
            continue
        path = f"/api/v1/{path_of(address, made.ids if made else ids)}"
        for who, at, token in (
            ("Elm's administrator at Oak", oak, elm.token(elm.administrator)),
            ("Oak's administrator at Elm", elm, oak.token(oak.administrator)),
            ("nobody", oak, None),
        ):
            answer = at.send(address.method, path, token, None if address.method == "GET" else {}, {}, {})
            probes += 1
            if answer.ok:
                wrong.append(f"{address}: {who} was let in: {answer.status}")
    say(f"{reads} reads, and {probes} strangers turned away")
    leaks = sum("was let in" in each for each in wrong)
    return {"schools": 2, "students": 0, "marked": 0, "probes": probes, "leaks": leaks}, wrong
