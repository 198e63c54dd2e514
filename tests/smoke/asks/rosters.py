"""Rosters in and out."""

from __future__ import annotations

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World


@ask("POST imports")
def _import(world: World) -> Ask:
    return Ask(body=world.sheet())


@ask("GET imports/{}")
@ask("GET imports/{}/rows")
@ask("GET imports/{}/errors")
def _about_import(world: World) -> Ask:
    return Ask({"id": world.new_import()})


@ask("PUT imports/{}/mapping")
def _map_headers(world: World) -> Ask:
    return Ask({"id": world.new_import()}, {"mapping": {"Given name": "given_name"}})


@ask("POST imports/{}/confirm")
def _confirm_import(world: World) -> Ask:
    return Ask({"id": world.new_import()}, {"reading": 1})


@ask("POST imports/{}/go-on")
def _go_on_with_import(world: World) -> Ask:
    return Ask({"id": world.stopped_import()})


@ask("POST imports/{}/undo")
def _undo_import(world: World) -> Ask:
    return Ask({"id": world.new_import(applied=True)})


@ask("GET exports/templates/{}")
def _template(world: World) -> Ask:
    return Ask({"kind": "students"})
