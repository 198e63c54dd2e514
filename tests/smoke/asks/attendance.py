"""Rolls, desk, leave, rules."""

from __future__ import annotations

from typing import Any

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World, png


@ask("GET sections/{}/roll/{}")
def _roll(world: World) -> Ask:
    return Ask({"section": world.homeroom["id"], "day": world.today})


@ask("PUT sections/{}/roll/{}")
def _mark(world: World) -> Ask:
    return Ask({"section": world.homeroom["id"], "day": world.today}, world.marks(world.roll()))


@ask("POST sections/{}/roll/{}/reopen")
def _reopen_day(world: World) -> Ask:
    roll = _locked(world)
    return Ask({"section": roll["section_id"], "day": world.today}, {"reason": "A mistake"})


def _locked(world: World) -> Any:
    roll = world.taken_roll()
    world.post(f"rolls/{roll['id']}/lock", {"reason": "Counted"})
    return roll


@ask("GET sections/{}/roll/{}/{}")
def _period_roll(world: World) -> Ask:
    return Ask({"section": world.homeroom["id"], "day": world.today, "period": world.period["id"]})


@ask("PUT sections/{}/roll/{}/{}")
def _mark_period(world: World) -> Ask:
    ids = {"section": world.homeroom["id"], "day": world.today, "period": world.period["id"]}
    return Ask(ids, world.marks(world.roll(f"{world.roll_path()}/{world.period['id']}")))


@ask("POST sections/{}/roll/{}/{}/reopen")
def _reopen_period(world: World) -> Ask:
    section = world.taken_roll()["section_id"]
    path = f"{world.roll_path(section)}/{world.period['id']}"
    roll = world.ask("PUT", path, world.marks(world.roll(path))).expect().json
    world.post(f"rolls/{roll['id']}/lock", {"reason": "Counted"})
    return Ask({"section": section, "day": world.today, "period": world.period["id"]}, {"reason": "A mistake"})


def _class_ids(world: World) -> dict[str, str]:
    return {"course_class": world.taught["id"], "day": world.today, "period": world.period["id"]}


def _class_path(world: World) -> str:
    return f"classes/{world.taught['id']}/roll/{world.today}/{world.period['id']}"


@ask("GET classes/{}/roll/{}/{}")
def _class_roll(world: World) -> Ask:
    return Ask(_class_ids(world))


@ask("PUT classes/{}/roll/{}/{}")
def _mark_class(world: World) -> Ask:
    return Ask(_class_ids(world), world.marks(world.roll(_class_path(world))))


@ask("POST classes/{}/roll/{}/{}/reopen")
def _reopen_class(world: World) -> Ask:
    taught, student = world.new_class()["id"], world.new_student()["id"]
    world.post(f"classes/{taught}/students", {"student_ids": [student], "starts_on": world.today})
    path = f"classes/{taught}/roll/{world.today}/{world.period['id']}"
    roll = world.ask("PUT", path, world.marks(world.roll(path))).expect().json
    world.post(f"rolls/{roll['id']}/lock", {"reason": "Counted"})
    return Ask({"course_class": taught, "day": world.today, "period": world.period["id"]}, {"reason": "A mistake"})


@ask("POST rolls/{}/lock")
def _lock(world: World) -> Ask:
    return Ask({"id": world.taken_roll()["id"]}, {"reason": "Counted"})


@ask("POST rolls/{}/reopen")
def _reopen(world: World) -> Ask:
    return Ask({"id": _locked(world)["id"]}, {"reason": "A mistake"})


@ask("GET rolls/{}/history")
def _history(world: World) -> Ask:
    return Ask({"id": world.taken_roll()["id"]})


@ask("GET days/{}")
def _figures(world: World) -> Ask:
    return Ask({"day": world.today})


@ask("POST desk")
def _desk(world: World) -> Ask:
    return Ask(body={"student_id": world.new_student()["id"], "day": world.today, "code": "S"})


@ask("DELETE desk/{}")
def _remove_from_desk(world: World) -> Ask:
    return Ask({"id": world.post("desk", _desk(world).body)["id"]})


@ask("POST leaves")
def _leave(world: World) -> Ask:
    student = world.new_student()["id"]
    body = {"student_id": student, "starts_on": world.today, "ends_on": world.today, "reason": "Dentist"}
    return Ask(body=body)


@ask("GET leaves/{}")
def _a_leave(world: World) -> Ask:
    return Ask({"id": world.new_leave()["id"]})


@ask("POST leaves/{}/approve")
@ask("POST leaves/{}/refuse")
@ask("POST leaves/{}/cancel")
def _decide(world: World) -> Ask:
    return Ask({"id": world.new_leave()["id"]}, {"note": "As asked"})


@ask("PUT leaves/{}/attachment")
def _attach(world: World) -> Ask:
    return Ask({"id": world.new_leave()["id"]}, png())


@ask("GET leaves/{}/attachment")
def _attached(world: World) -> Ask:
    leave = world.new_leave()["id"]
    world.ask("PUT", f"leaves/{leave}/attachment", png()).expect()
    return Ask({"id": leave})


@ask("POST attendance-codes")
def _code(world: World) -> Ask:
    return Ask(body=world.code_body())


@ask("PATCH attendance-codes/{}")
def _change_code(world: World) -> Ask:
    code = world.new_code()
    return Ask({"id": code["id"]}, {"name": "Changed", "version": code["version"]})


@ask("PATCH attendance-policy/{}")
def _policy(world: World) -> Ask:
    institution = world.new_institution()["id"]
    return Ask({"institution": institution}, {"edit_window_days": 5, "version": 0})
