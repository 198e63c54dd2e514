"""A request to each operation that is answered well, made ready at a school: those of the smoke test."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tests.api.addresses import PLAIN, Address, addresses
from tests.attack.target import Target
from tests.smoke import asks as _every_ask  # noqa: F401 - each of its modules declares its requests
from tests.smoke.asks.table import Ask, ask_for, path_of
from tests.smoke.rows import Rows
from tests.smoke.web import Web
from tests.smoke.world import NothingThere, World

_HOLE, _IN_BRACES = re.compile(r"<(?:\w+:)?(\w+)>"), r"{\1}"

# Who of the demo stands for a role that requests name.
ROLES = {"administrator": "erin", "teacher": "bob", "guardian": "carol"}


def asks(target: Target) -> dict[str, Ask]:
    """``PUT students/{id}/photo`` → a request that the administrator may send, once.

    Raises ``NotAsExpected``, ``NothingThere`` or ``NoAskDeclared`` where one cannot be made ready.
    """
    web = Web(target.origin)

    def send(method: str, path: str, token: Any, body: Any, query: Any, headers: Any) -> Any:
        return web.ask(method, path, host=target.host, token=token, body=body, query=query, headers=headers)

    with Rows(target.outside.admin_url) as rows:
        schema = rows.schema_of(target.slug)
        world = World(
            send,
            dict(target.passwords),
            ROLES,
            lambda user, task: rows.track(target.slug, user, task),
            lambda run: rows.stop(schema, run),
            lambda: rows.working(schema),
            lambda message, state: rows.became(schema, message, state),
        )
        return {
            f"{each.method} {_HOLE.sub(_IN_BRACES, each.route.removeprefix(PLAIN))}": _ready(each, world)
            for each in addresses()
            if not each.is_alias
        }


def _ready(address: Address, world: World) -> Ask:
    try:
        return ask_for(address, world)
    except NothingThere:
        # Of a list that begins empty: one is put there, as who adds to it would.
        collection = replace(address, method="POST", route=address.route.rpartition("/")[0])
        one = ask_for(collection, world)
        world.ask("POST", path_of(collection, one.ids), one.body, query=one.query, headers=one.headers).expect()
        return ask_for(address, world)
