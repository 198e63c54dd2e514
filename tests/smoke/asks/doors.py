"""What is open to everybody."""

from __future__ import annotations

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World, png


@ask("GET schema")
@ask("GET docs")
@ask("GET school")
def _open(world: World) -> Ask:
    return Ask(public=True, anywhere=True)


@ask("POST auth/login")
def _login(world: World) -> Ask:
    return Ask(body={"login": world.administrator, "password": world.logins[world.administrator]}, public=True)


@ask("POST auth/refresh")
def _refresh(world: World) -> Ask:
    refresh = world.login(world.administrator)["refresh_token"]
    return Ask(body={"refresh_token": refresh}, public=True, used_up=True)


@ask("POST auth/forgotten")
def _forgotten(world: World) -> Ask:
    return Ask(body={"login": "nobody-of-that-name"}, public=True, anywhere=True)


@ask("POST auth/redeem")
def _redeem(world: World) -> Ask:
    return Ask(body={"token": world.let_in()["token"], "password": "correct horse battery"}, public=True, used_up=True)


@ask("GET institutions/{}/logo")
def _logo(world: World) -> Ask:
    world.ask("PUT", f"institutions/{world.institution}/logo", png()).expect()
    return Ask({"id": world.institution}, public=True)
