"""A valid request for every route × method: its real ids, its body, and who may send it.

A route that only reads needs no entry when its address has no ids, or the one id of a row in the list above it. Any
other without an entry in one of the modules beside this one makes the smoke test fail, by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schoolops.api.permissions import LoggedIn
from tests.api.addresses import PLAIN, Address
from tests.smoke.world import World


@dataclass(frozen=True, slots=True)
class Ask:
    """What to send. ``ids`` fill the address; ``by`` is a username, the administrator unless said.

    ``public``: needs no login, so whoever asks is answered; ``anywhere``: at any school, for it names nothing of one.
    ``used_up``: works once, so each sending needs a new one.
    ``token``: of a login of its own, for requests that end it.
    """

    ids: dict[str, str] = field(default_factory=dict)
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    by: str = ""
    public: bool = False
    anywhere: bool = False
    used_up: bool = False
    token: str = ""


class NoAskDeclared(Exception):
    """No module here has a valid request for a route."""


Making = Callable[[World], Ask]
_asks: dict[str, Making] = {}
_HOLE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


def named(address: Address) -> str:
    """``PUT students/{id}/photo``."""
    return f"{address.method} {_HOLE.sub(r'{1}', address.plain.route.removeprefix(PLAIN)).replace('{1}', '{}')}"


def declared(name: str) -> Making:
    """What makes the valid request of ``METHOD address``, such as ``PUT students/{}/photo``."""
    return _asks[name]


def path_of(address: Address, ids: dict[str, str]) -> str:
    """The path with its ids, at the alias where the address is it; as ``World.ask`` wants it, below ``/api/v1/``."""
    route = _HOLE.sub(lambda hole: ids[hole[1]], address.route)
    return route.removeprefix(PLAIN)


def ask(name: str) -> Callable[[Making], Making]:
    """Declare the valid request of ``METHOD address`` with ``{}`` for ids."""

    def register(making: Making) -> Making:
        assert name not in _asks, name
        _asks[name] = making
        return making

    return register


def ask_for(address: Address, world: World) -> Ask:
    """A valid request for ``address``, made ready in ``world``.

    Raises:
        NoAskDeclared: nobody has said what one looks like.
    """
    making = _asks.get(named(address))
    if making is not None:
        return making(world)
    if address.method == "GET" and not holes(address):
        return Ask()
    if address.method == "GET" and holes(address) == ["id"] and address.route.endswith("/<uuid:id>"):
        collection = address.plain.route.removeprefix(PLAIN).removesuffix("/<uuid:id>")
        return Ask({"id": world.first(collection)["id"]})
    raise NoAskDeclared(f"no probe body declared for {address} (say it in tests/smoke/asks/)")


def holes(address: Address) -> list[str]:
    """The names of the ids in an address."""
    return _HOLE.findall(address.route)


def is_declared(address: Address) -> bool:
    """Whether a module here says what to send, rather than leaving it to the rule of ``ask_for``."""
    return named(address) in _asks


def is_open(address: Address) -> bool:
    """Whether a view behind ``address`` asks nobody who they are."""
    view: Any = address.view
    if view is None:
        return True
    shown = view()
    shown.action = address.action
    return not any(isinstance(each, LoggedIn) for each in shown.get_permissions())


def undeclared(addresses: tuple[Address, ...]) -> list[str]:
    """Declared requests that no route has any more."""
    return sorted(_asks.keys() - {named(address) for address in addresses})
