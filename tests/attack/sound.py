"""A request to each operation that is answered well, made ready at a school: those of the smoke test."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
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
    with _world(target) as world:
        return {label_of(each): _ready(each, world) for each in _all()}


def refused(target: Target, labels: Collection[str]) -> list[str]:
    """Those of ``labels`` that are not answered well to whom they are for, just after they were made ready.

    Raises as ``asks``.
    """
    found = []
    with _world(target) as world:
        for each in _all():
            if label_of(each) in labels:
                ready = _ready(each, world)
                answer = world.ask(
                    each.method,
                    path_of(each, ready.ids),
                    ready.body,
                    by=ready.by,
                    token=ready.token or None,
                    query=ready.query,
                    headers=ready.headers,
                )
                if not answer.ok:
                    found.append(label_of(each))
    return found


def label_of(address: Address) -> str:
    """``PUT students/{id}/photo``."""
    return f"{address.method} {_HOLE.sub(_IN_BRACES, address.route.removeprefix(PLAIN))}"


def _all() -> Iterator[Address]:
    return (each for each in addresses() if not each.is_alias)


@contextmanager
def _world(target: Target) -> Iterator[World]:
    web = Web(target.origin)

    def send(method: str, path: str, token: Any, body: Any, query: Any, headers: Any) -> Any:
        return web.ask(method, path, host=target.host, token=token, body=body, query=query, headers=headers)

    with Rows(target.outside.admin_url) as rows:
        schema = rows.schema_of(target.slug)
        yield World(
            send,
            dict(target.passwords),
            ROLES,
            lambda user, task: rows.track(target.slug, user, task),
            lambda run: rows.stop(schema, run),
            lambda: rows.working(schema),
            lambda message, state: rows.became(schema, message, state),
        )


def _ready(address: Address, world: World) -> Ask:
    try:
        return ask_for(address, world)
    except NothingThere:
        # Of a list that begins empty: one is put there, as who adds to it would.
        collection = replace(address, method="POST", route=address.route.rpartition("/")[0])
        one = ask_for(collection, world)
        world.ask("POST", path_of(collection, one.ids), one.body, query=one.query, headers=one.headers).expect()
        return ask_for(address, world)
