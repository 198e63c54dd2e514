"""What families ask for, and what they let a calendar read."""

from __future__ import annotations

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World


def _child(world: World) -> str:
    """A child of whoever stands for guardians."""
    return str(world.get("students", by=world.roles["guardian"])["results"][0]["id"])


def _wish(world: World) -> str:
    body = {"phone": f"+44 20 7946 {world.number():04}", "email": ""}
    return str(world.post("contact-requests", body, by=world.roles["guardian"])["id"])


@ask("POST contact-requests")
def _ask(world: World) -> Ask:
    return Ask(body={"phone": f"+44 20 7947 {world.number():04}", "email": ""}, by=world.roles["guardian"])


@ask("GET contact-requests/{}")
def _asked(world: World) -> Ask:
    return Ask({"id": _wish(world)})


@ask("POST contact-requests/{}/accept")
@ask("POST contact-requests/{}/refuse")
def _decide(world: World) -> Ask:
    return Ask({"id": _wish(world)}, used_up=True)


@ask("GET students/{}/calendar-feed")
@ask("POST students/{}/calendar-feed")
@ask("DELETE students/{}/calendar-feed")
@ask("GET students/{}/looks")
def _of_child(world: World) -> Ask:
    return Ask({"id": _child(world)}, by=world.roles["guardian"])
