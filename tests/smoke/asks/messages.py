"""Messages and announcements."""

from __future__ import annotations

import time
from typing import Any

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World


def _body(world: World) -> dict[str, Any]:
    return {"title": "Trip", "text": "On Friday.", "kind": "section", "targets": [world.homeroom["id"]]}


def _announcement(world: World, **more: Any) -> dict[str, str]:
    """One that workers have told everybody of."""
    made = str(world.post("announcements", {**_body(world), **more})["id"])
    while world.get(f"announcements/{made}")["state"] != "published":
        time.sleep(0.05)
    return {"id": made}


def _notice(world: World) -> dict[str, str]:
    """A message that lies in the administrator's inbox."""
    of = _announcement(world, kind="role", targets=["administrator"], acknowledge=True, channels=[])["id"]
    while True:
        for each in world.get("inbox")["results"]:
            if each["announcement_id"] == of:
                return {"id": str(each["id"])}
        time.sleep(0.05)


@ask("GET inbox/{}")
@ask("POST inbox/{}/read")
@ask("POST inbox/{}/acknowledge")
def _read(world: World) -> Ask:
    return Ask(_notice(world))


@ask("GET messages/{}")
def _message(world: World) -> Ask:
    _announcement(world)
    return Ask({"id": world.first("messages")["id"]})


@ask("PUT message-preferences")
def _preference(world: World) -> Ask:
    return Ask(body={"channel": "email", "wanted": True}, by=world.roles["guardian"])


@ask("GET announcements/{}")
@ask("POST announcements/{}/withdraw")
@ask("POST announcements/{}/remind")
def _told(world: World) -> Ask:
    return Ask(_announcement(world))


@ask("POST announcements")
def _announce(world: World) -> Ask:
    return Ask(body=_body(world))


@ask("POST announcements/preview")
def _preview(world: World) -> Ask:
    return Ask(body=_body(world))


@ask("GET announcements/{}/readers")
def _readers(world: World) -> Ask:
    return Ask(_announcement(world))
