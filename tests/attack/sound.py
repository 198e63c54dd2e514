"""A request to each operation that is answered well, made ready at a school: those of the smoke test."""

from __future__ import annotations

import re
from typing import Any

from tests.api.addresses import PLAIN, addresses
from tests.attack.target import Target
from tests.smoke import asks as _every_ask  # noqa: F401 - each of its modules declares its requests
from tests.smoke.asks.table import Ask, ask_for
from tests.smoke.rows import Rows
from tests.smoke.web import Web
from tests.smoke.world import World

_HOLE, _IN_BRACES = re.compile(r"<(?:\w+:)?(\w+)>"), r"{\1}"


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
            {"administrator": "erin", "teacher": "bob"},
            lambda user: rows.track(target.slug, user),
            lambda run: rows.stop(schema, run),
            lambda: rows.working(schema),
        )
        return {
            f"{each.method} {_HOLE.sub(_IN_BRACES, each.route.removeprefix(PLAIN))}": ask_for(each, world)
            for each in addresses()
            if not each.is_alias
        }
