"""Staff and timetable."""

from __future__ import annotations

from typing import Any

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World


def _staff_body(world: World) -> dict[str, Any]:
    number = world.number()
    return {"institution_id": world.institution, "staff_number": f"SMOKE-{number}", "given_name": f"Colleague{number}"}


def _colleague(world: World) -> str:
    return str(world.post("staff", _staff_body(world))["id"])


@ask("POST staff")
def _staff(world: World) -> Ask:
    return Ask(body=_staff_body(world))


@ask("PATCH staff/{}")
def _change_staff(world: World) -> Ask:
    member = world.post("staff", _staff_body(world))
    return Ask({"id": member["id"]}, {"phone": "1", "version": member["version"]})


@ask("GET staff/{}/assignments")
def _assignments_of(world: World) -> Ask:
    return Ask({"id": world.staff[world.roles["teacher"]]})


def _assignment_body(world: World) -> dict[str, Any]:
    return {"staff_id": _colleague(world), "section_id": world.homeroom["id"], "starts_on": world.today}


@ask("POST assignments")
def _assignment(world: World) -> Ask:
    return Ask(body=_assignment_body(world))


@ask("PATCH assignments/{}")
def _change_assignment(world: World) -> Ask:
    return Ask({"id": world.post("assignments", _assignment_body(world))["id"]}, {"kind": "assistant"})


@ask("DELETE assignments/{}")
def _remove_assignment(world: World) -> Ask:
    # Of a year to come: what has begun is history and stays.
    year = world.new_year()
    section = world.post("sections", world.section_body(year["id"]))["id"]
    body = {"staff_id": _colleague(world), "section_id": section, "starts_on": year["starts_on"]}
    return Ask({"id": world.post("assignments", body)["id"]})


def _substitution_body(world: World) -> dict[str, Any]:
    return {"staff_id": _colleague(world), "section_id": world.homeroom["id"], "day": world.today}


@ask("POST substitutions")
def _substitution(world: World) -> Ask:
    return Ask(body=_substitution_body(world))


@ask("DELETE substitutions/{}")
def _remove_substitution(world: World) -> Ask:
    return Ask({"id": world.post("substitutions", _substitution_body(world))["id"]})


def _period_body(world: World) -> dict[str, Any]:
    number = 100 + world.number()
    times = {"starts_at": "20:00", "ends_at": "20:45"}
    return {"institution_id": world.institution, "name": f"Period {number}", "position": number, **times}


@ask("POST periods")
def _period(world: World) -> Ask:
    return Ask(body=_period_body(world))


@ask("PATCH periods/{}")
def _change_period(world: World) -> Ask:
    return Ask({"id": world.post("periods", _period_body(world))["id"]}, {"name": f"Period {world.number()} changed"})


@ask("DELETE periods/{}")
def _remove_period(world: World) -> Ask:
    return Ask({"id": world.post("periods", _period_body(world))["id"]})


def _meeting_body(world: World) -> dict[str, Any]:
    taught = world.new_class()["id"]
    return {"class_id": taught, "period_id": world.period["id"], "weekday": 3, "starts_on": world.today}


@ask("POST meetings")
def _meeting(world: World) -> Ask:
    return Ask(body=_meeting_body(world))


@ask("PATCH meetings/{}")
def _change_meeting(world: World) -> Ask:
    return Ask({"id": world.post("meetings", _meeting_body(world))["id"]}, {"room": "R9"})


@ask("DELETE meetings/{}")
def _remove_meeting(world: World) -> Ask:
    year = world.new_year()
    taught = world.post("classes", world.class_body(year["id"]))["id"]
    body = {**_meeting_body(world), "class_id": taught, "starts_on": year["starts_on"]}
    return Ask({"id": world.post("meetings", body)["id"]})
