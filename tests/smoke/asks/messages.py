"""Messages and announcements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schoolops import clock
from tests.smoke.asks.table import Ask, ask
from tests.smoke.day import once
from tests.smoke.world import World, png


def _body(world: World) -> dict[str, Any]:
    return {"title": "Trip", "text": "On Friday.", "kind": "section", "targets": [world.homeroom["id"]]}


def _announcement(world: World, **more: Any) -> dict[str, str]:
    """One that workers have told everybody of."""
    made = str(world.post("announcements", {**_body(world), **more})["id"])
    once("everybody is told", lambda: world.get(f"announcements/{made}")["state"] == "published")
    return {"id": made}


def _notice(world: World) -> dict[str, str]:
    """A message that lies in the administrator's inbox."""
    of = _announcement(world, kind="role", targets=["administrator"], acknowledge=True, channels=[])["id"]
    return {"id": _notice_of(world, of)}


def _notice_of(world: World, announcement: str) -> str:
    def found() -> str:
        of = (each["id"] for each in world.get("inbox")["results"] if each["announcement_id"] == announcement)
        return str(next(of, ""))

    return str(once("it lies in the inbox", found))


def _scheduled(world: World, *, attached: bool = True) -> dict[str, str]:
    """One that nobody is told of for months, with a file unless said."""
    at = f"{world.day + timedelta(days=90)}T06:00:00Z"
    made = str(world.post("announcements", {**_body(world), "publish_at": at})["id"])
    if attached:
        world.ask("PUT", f"announcements/{made}/attachment", png()).expect(200)
    return {"id": made}


def _wording() -> dict[str, str]:
    return {"fact": "attendance.absent", "channel": "email", "language": "en-gb"}


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


@ask("PUT announcements/{}/attachment")
def _attach(world: World) -> Ask:
    return Ask(_scheduled(world, attached=False), png())


@ask("GET announcements/{}/attachment")
@ask("DELETE announcements/{}/attachment")
def _attached(world: World) -> Ask:
    return Ask(_scheduled(world))


@ask("GET inbox/{}/attachment")
def _read_attached(world: World) -> Ask:
    """One that goes to an administrator in a moment, so that there is time for its file."""
    at = (clock.now() + timedelta(seconds=2)).isoformat()
    made = {**_body(world), "kind": "role", "targets": ["administrator"], "channels": [], "publish_at": at}
    of = str(world.post("announcements", made)["id"])
    world.ask("PUT", f"announcements/{of}/attachment", png()).expect(200)
    return Ask({"id": _notice_of(world, of)})


@ask("POST messages/{}/resolve")
def _doubted(world: World) -> Ask:
    return Ask(_message_that(world, "outcome_unknown"), {"sent": True}, used_up=True)


@ask("GET bounced-addresses/{}")
@ask("DELETE bounced-addresses/{}")
def _bounced(world: World) -> Ask:
    # Not for the alias too: what takes it off the list comes between.
    return Ask(_message_that(world, "bounced"), used_up=True)


def _message_that(world: World, state: str) -> dict[str, str]:
    _announcement(world)
    found = str(world.first("messages")["id"])
    world.became(found, state)
    return {"id": found}


@ask("GET outgoing")
@ask("GET message-facts")
def _stands(world: World) -> Ask:
    return Ask()


@ask("PATCH outgoing")
def _limits(world: World) -> Ask:
    return Ask(body={"texts_a_day": 400 + world.number()})


@ask("POST outgoing/hold")
def _hold(world: World) -> Ask:
    if world.get("outgoing")["held_at"] is not None:
        world.post("outgoing/release")
    return Ask(body={"reason": "A rehearsal"}, used_up=True)


@ask("POST outgoing/release")
@ask("POST outgoing/discard")
def _release(world: World) -> Ask:
    if world.get("outgoing")["held_at"] is None:
        world.post("outgoing/hold", {"reason": "A rehearsal"})
    return Ask(used_up=True)


@ask("PUT message-rules")
def _rule(world: World) -> Ask:
    return Ask(body={"fact": "attendance.late", "channel": "sms", "sends": True})


@ask("GET message-templates/{}/{}/{}")
@ask("DELETE message-templates/{}/{}/{}")
def _template(world: World) -> Ask:
    return Ask(_wording())


@ask("PUT message-templates/{}/{}/{}")
def _word(world: World) -> Ask:
    return Ask(_wording(), {"subject": "Where is {children}?", "text": "Dear {name}"})


@ask("POST message-templates/{}/{}/{}/preview")
def _look(world: World) -> Ask:
    return Ask(_wording(), {"text": "Dear {name}", "student_id": world.student})
