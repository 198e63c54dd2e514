"""Campuses, years, and what is taught."""

from __future__ import annotations

from typing import Any

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World, png


@ask("POST institutions")
def _institution(world: World) -> Ask:
    number = world.number()
    return Ask(body={"name": f"Campus {number}", "code": f"SMOKE{number}", "timezone": "UTC", "currency": "EUR"})


@ask("PATCH institutions/{}")
def _change_institution(world: World) -> Ask:
    return Ask({"id": world.new_institution()["id"]}, {"phone": "1"})


@ask("PUT institutions/{}/logo")
def _set_logo(world: World) -> Ask:
    return Ask({"id": world.new_institution()["id"]}, png())


@ask("DELETE institutions/{}/logo")
def _remove_logo(world: World) -> Ask:
    institution = world.new_institution()["id"]
    world.ask("PUT", f"institutions/{institution}/logo", png()).expect()
    return Ask({"id": institution})


@ask("POST years")
def _year(world: World) -> Ask:
    return Ask(body=world.year_body())


@ask("PATCH years/{}")
def _change_year(world: World) -> Ask:
    return Ask({"id": world.new_year()["id"]}, {"name": f"Year {world.number()}"})


@ask("DELETE years/{}")
def _remove_year(world: World) -> Ask:
    return Ask({"id": world.new_year()["id"]})


@ask("POST years/{}/activate")
def _activate_year(world: World) -> Ask:
    return Ask({"id": world.new_year(world.new_institution()["id"])["id"]})


@ask("POST years/{}/close")
def _close_year(world: World) -> Ask:
    year = world.new_year(world.new_institution()["id"])["id"]
    world.post(f"years/{year}/activate")
    return Ask({"id": year})


def _term_body(world: World) -> dict[str, Any]:
    year = world.new_year()
    ends_on = f"{year['starts_on'][:4]}-06-30"
    return {"year_id": year["id"], "name": "Term 1", "starts_on": year["starts_on"], "ends_on": ends_on}


@ask("POST terms")
def _term(world: World) -> Ask:
    return Ask(body=_term_body(world))


@ask("PATCH terms/{}")
def _change_term(world: World) -> Ask:
    return Ask({"id": world.post("terms", _term_body(world))["id"]}, {"name": "Term One"})


@ask("DELETE terms/{}")
def _remove_term(world: World) -> Ask:
    return Ask({"id": world.post("terms", _term_body(world))["id"]})


@ask("PUT calendar-days")
def _days(world: World) -> Ask:
    institution = world.new_institution()["id"]
    year = world.new_year(institution)
    day = f"{year['starts_on'][:4]}-03-01"
    return Ask(body={"institution_id": institution, "starts_on": day, "ends_on": day, "kind": "holiday"})


@ask("DELETE calendar-days")
def _clear_days(world: World) -> Ask:
    made = _days(world).body
    world.ask("PUT", "calendar-days", made).expect()
    day = made["starts_on"]
    return Ask(query={"institution_id": made["institution_id"], "from": day, "to": day})


@ask("POST grade-levels")
def _level(world: World) -> Ask:
    return Ask(body=world.level_body())


@ask("PATCH grade-levels/{}")
def _change_level(world: World) -> Ask:
    return Ask(
        {"id": world.post("grade-levels", world.level_body())["id"]}, {"name": f"Level {world.number()} changed"}
    )


@ask("DELETE grade-levels/{}")
def _remove_level(world: World) -> Ask:
    return Ask({"id": world.post("grade-levels", world.level_body())["id"]})


@ask("POST sections")
def _section(world: World) -> Ask:
    return Ask(body=world.section_body())


@ask("PATCH sections/{}")
def _change_section(world: World) -> Ask:
    return Ask({"id": world.new_section()["id"]}, {"room": "R9"})


@ask("DELETE sections/{}")
def _remove_section(world: World) -> Ask:
    return Ask({"id": world.new_section()["id"]})


@ask("POST courses")
def _course(world: World) -> Ask:
    return Ask(body=world.course_body())


@ask("PATCH courses/{}")
def _change_course(world: World) -> Ask:
    return Ask({"id": world.post("courses", world.course_body())["id"]}, {"title": "Changed"})


@ask("DELETE courses/{}")
def _remove_course(world: World) -> Ask:
    return Ask({"id": world.post("courses", world.course_body())["id"]})


@ask("POST classes")
def _class(world: World) -> Ask:
    return Ask(body=world.class_body())


@ask("PATCH classes/{}")
def _change_class(world: World) -> Ask:
    return Ask({"id": world.new_class()["id"]}, {"room": "R9"})


@ask("DELETE classes/{}")
def _remove_class(world: World) -> Ask:
    return Ask({"id": world.new_class()["id"]})
