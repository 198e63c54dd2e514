"""Report cards: drafted, published, amended, and read by a family."""

from __future__ import annotations

from typing import Any

from tests.smoke.asks.exams import LONG_AGO, published
from tests.smoke.asks.table import Ask, ask
from tests.smoke.day import once
from tests.smoke.world import World


def _with_results(world: World) -> str:
    """A session whose results are computed, and public."""
    session: str = published(world)["session_id"]
    address = f"exam-sessions/{session}/results"
    world.ask("POST", address).expect()
    once("results are computed", lambda: world.get(address)["results"])
    return session


def _said(world: World, **more: Any) -> dict[str, Any]:
    return {"section_id": world.homeroom["id"], **more}


def _proof_read(world: World) -> str:
    session = _with_results(world)
    address = f"exam-sessions/{session}/report-cards"
    world.ask("POST", address, _said(world)).expect()
    seen = max(each["drafted_at"] for each in world.get(address)["results"])
    world.ask("POST", address, _said(world, proof_read=seen)).expect()
    return session


def _card(world: World) -> Any:
    session = _proof_read(world)
    address = f"exam-sessions/{session}/report-cards"
    world.ask("PUT", f"{address}/publication", _said(world, published_at=LONG_AGO)).expect()
    return once(
        "cards are published",
        lambda: next((each for each in world.get(address)["results"] if each["state"] == "published"), None),
    )


@ask("GET exam-sessions/{}/report-cards")
def _list(world: World) -> Ask:
    return Ask({"id": published(world)["session_id"]})


@ask("POST exam-sessions/{}/report-cards")
def _draft(world: World) -> Ask:
    return Ask({"id": _with_results(world)}, _said(world))


@ask("PUT exam-sessions/{}/report-cards/publication")
def _publish(world: World) -> Ask:
    return Ask({"id": _proof_read(world)}, _said(world, published_at=LONG_AGO), used_up=True)


@ask("GET report-cards/{}")
def _read(world: World) -> Ask:
    return Ask({"id": _card(world)["id"]})


@ask("POST report-cards/{}/amend")
def _amend(world: World) -> Ask:
    return Ask({"id": _card(world)["id"]}, {"reason": "A mistake"}, used_up=True)


@ask("GET students/{}/report-cards")
@ask("GET students/{}/transcript")
@ask("GET students/{}/printed-transcript")
def _followed(world: World) -> Ask:
    return Ask({"id": world.roster[0]["id"]})


@ask("GET students/{}/report-cards/{}")
def _followed_card(world: World) -> Ask:
    card = _card(world)
    return Ask({"id": card["student_id"], "card": card["id"]})
