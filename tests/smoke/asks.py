"""A valid request for every route × method: its real ids, its body, and who may send it.

A route that only reads needs no entry when its address has no ids, or the one id of a row in the list above it. Any
other without an entry here makes the smoke test fail, by name.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schoolops.api.permissions import LoggedIn
from tests.api.addresses import PLAIN, Address
from tests.smoke.world import World, one_time_code, png


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
    """A route has no valid request here."""


Making = Callable[[World], Ask]
_asks: dict[str, Making] = {}
_HOLE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


def named(address: Address) -> str:
    """``PUT students/{id}/photo``."""
    return f"{address.method} {_HOLE.sub(r'{1}', address.plain.route.removeprefix(PLAIN)).replace('{1}', '{}')}"


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
    raise NoAskDeclared(f"no probe body declared for {address} (say it in tests/smoke/asks.py)")


def holes(address: Address) -> list[str]:
    """The names of the ids in an address."""
    return _HOLE.findall(address.route)


def is_declared(address: Address) -> bool:
    """Whether this file says what to send, rather than leaving it to the rule above."""
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


# --- open to everybody ------------------------------------------------------------------------------------------------
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


# --- one's own login --------------------------------------------------------------------------------------------------
@ask("POST auth/logout")
@ask("POST auth/logout-everywhere")
def _log_out(world: World) -> Ask:
    return Ask(token=world.login(world.new_person())["access_token"])


@ask("POST me/password")
def _password(world: World) -> Ask:
    person = world.new_person()
    body = {"password": world.logins[person], "new_password": f"another horse {world.number()}"}
    return Ask(body=body, token=world.login(person)["access_token"])


@ask("POST me/totp")
def _totp(world: World) -> Ask:
    return Ask(token=world.login(world.new_person())["access_token"])


@ask("POST me/totp/confirm")
def _totp_confirm(world: World) -> Ask:
    token = world.login(world.new_person())["access_token"]
    secret = world.ask("POST", "me/totp", token=token).expect().json["secret"]
    return Ask(body={"code": one_time_code(secret, time.time())}, token=token)


@ask("DELETE me/totp")
def _totp_remove(world: World) -> Ask:
    person = world.new_person()
    token = world.login(person)["access_token"]
    secret = world.ask("POST", "me/totp", token=token).expect().json["secret"]
    code = {"code": one_time_code(secret, time.time())}
    recovery = world.ask("POST", "me/totp/confirm", code, token=token).expect().json["recovery_codes"]
    return Ask(body={"password": world.logins[person], "code": recovery[0]}, token=token)


# --- logins of others, roles ------------------------------------------------------------------------------------------
@ask("POST users")
def _user(world: World) -> Ask:
    return Ask(body={"username": f"smoke-{world.number()}", "roles": [{"role": "teacher"}]})


@ask("PATCH users/{}")
def _change_user(world: World) -> Ask:
    return Ask({"id": world.new_user()["id"]}, {"given_name": "Changed"})


@ask("POST users/{}/invite")
@ask("POST users/{}/deactivate")
@ask("POST users/{}/logout-everywhere")
def _about_user(world: World) -> Ask:
    return Ask({"id": world.new_user()["id"]}, {})


@ask("POST users/{}/activate")
def _activate(world: World) -> Ask:
    user = world.new_user()["id"]
    world.ask("POST", f"users/{user}/deactivate", {}).expect()
    return Ask({"id": user})


@ask("DELETE users/{}/totp")
def _reset(world: World) -> Ask:
    person = world.new_person()
    login = world.login(person)
    secret = world.ask("POST", "me/totp", token=login["access_token"]).expect().json["secret"]
    code = {"code": one_time_code(secret, time.time())}
    world.ask("POST", "me/totp/confirm", code, token=login["access_token"]).expect()
    return Ask({"id": login["user"]["id"]})


@ask("PUT account-policy")
def _account_policy(world: World) -> Ask:
    policy = world.get("account-policy")
    return Ask(body={"staff_need_totp": policy["staff_need_totp"], "version": policy["version"]})


def _role(world: World) -> Any:
    return world.post("roles", {"name": f"Role {world.number()}", "permissions": ["students.view"]})


@ask("POST roles")
def _new_role(world: World) -> Ask:
    return Ask(body={"name": f"Role {world.number()}", "permissions": ["students.view"]})


@ask("PATCH roles/{}")
def _rename_role(world: World) -> Ask:
    role = _role(world)
    return Ask({"id": role["id"]}, {"name": f"Role {world.number()}", "version": role["version"]})


@ask("PUT roles/{}/permissions")
def _role_permissions(world: World) -> Ask:
    role = _role(world)
    return Ask({"id": role["id"]}, {"permissions": ["students.view", "sections.view"], "version": role["version"]})


@ask("DELETE roles/{}")
def _remove_role(world: World) -> Ask:
    role = _role(world)
    return Ask({"id": role["id"]}, headers={"If-Match": f'"{role["version"]}"'})


@ask("POST role-assignments")
def _assignment_of_role(world: World) -> Ask:
    return Ask(body={"user_id": world.new_user()["id"], "role": "accountant"})


@ask("DELETE role-assignments/{}")
def _remove_role_assignment(world: World) -> Ask:
    made = world.post("role-assignments", {"user_id": world.new_user()["id"], "role": "accountant"})
    return Ask({"id": made["id"]})


# --- institutions -----------------------------------------------------------------------------------------------------
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


# --- students ---------------------------------------------------------------------------------------------------------
@ask("POST students")
def _admit(world: World) -> Ask:
    return Ask(body=world.admission())


@ask("GET students/{}")
def _student(world: World) -> Ask:
    return Ask({"id": world.student})


@ask("PATCH students/{}")
def _change_student(world: World) -> Ask:
    student = world.new_student()
    return Ask({"id": student["id"]}, {"preferred_name": "Sam", "version": student["version"]})


@ask("POST students/{}/withdraw")
def _withdraw(world: World) -> Ask:
    return Ask({"id": world.new_student()["id"]}, {"exited_on": world.tomorrow, "reason": "Moved away"})


@ask("POST students/{}/re-enrol")
def _re_enrol(world: World) -> Ask:
    student = world.new_student()["id"]
    world.post(f"students/{student}/withdraw", {"exited_on": world.today, "reason": "Moved away"})
    return Ask({"id": student}, {**world.placement(), "reason": "Came back"})


@ask("POST students/{}/move-section")
def _move(world: World) -> Ask:
    student = world.new_student()["id"]
    body = {"section_id": world.new_section()["id"], "starts_on": world.today, "reason": "Asked for it"}
    return Ask({"id": student}, body)


@ask("POST students/{}/merge")
def _merge(world: World) -> Ask:
    keep, duplicate = world.new_student()["id"], world.new_student()["id"]
    return Ask({"id": keep}, {"duplicate_id": duplicate, "reason": "Entered twice"})


@ask("GET students/{}/photo")
def _photo(world: World) -> Ask:
    world.ask("PUT", f"students/{world.student}/photo", png()).expect()
    return Ask({"id": world.student})


@ask("PUT students/{}/photo")
def _set_photo(world: World) -> Ask:
    return Ask({"id": world.new_student()["id"]}, png())


@ask("DELETE students/{}/photo")
def _remove_photo(world: World) -> Ask:
    student = world.new_student()["id"]
    world.ask("PUT", f"students/{student}/photo", png()).expect()
    return Ask({"id": student})


@ask("GET students/{}/audit")
@ask("GET students/{}/attendance")
@ask("GET students/{}/attendance-summary")
def _about_student(world: World) -> Ask:
    return Ask({"id": world.student})


@ask("GET students/{}/enrolments")
@ask("GET students/{}/guardians")
def _of_student(world: World) -> Ask:
    return Ask({"student": world.student})


@ask("GET students/{}/enrolments/{}")
def _enrolment(world: World) -> Ask:
    return Ask({"student": world.student, "id": world.first(f"students/{world.student}/enrolments")["id"]})


@ask("GET students/{}/guardians/{}")
def _link(world: World) -> Ask:
    return Ask({"student": world.student, "id": world.first(f"students/{world.student}/guardians")["id"]})


@ask("POST students/{}/guardians")
def _new_link(world: World) -> Ask:
    body = {"guardian_id": world.new_guardian()["id"], "relation": "other"}
    return Ask({"student": world.new_student()["id"]}, body)


@ask("PATCH students/{}/guardians/{}")
def _change_link(world: World) -> Ask:
    student = world.new_student()["id"]
    return Ask({"student": student, "id": world.first(f"students/{student}/guardians")["id"]}, {"lives_with": False})


@ask("DELETE students/{}/guardians/{}")
def _remove_link(world: World) -> Ask:
    student = world.new_student()["id"]
    return Ask({"student": student, "id": world.first(f"students/{student}/guardians")["id"]})


@ask("POST enrolments/bulk")
def _bulk(world: World) -> Ask:
    students = [world.new_student()["id"] for _ in range(2)]
    for student in students:
        world.post(f"students/{student}/withdraw", {"exited_on": world.today, "reason": "Moved away"})
    row = world.spare_section
    records = [
        {"student_id": student, "grade_level_id": row["grade_level_id"], "section_id": row["id"]}
        for student in students
    ]
    body = {"year_id": world.year["id"], "entered_on": world.today, "entry_kind": "returned", "records": records}
    return Ask(body=body)


@ask("POST guardians")
def _guardian(world: World) -> Ask:
    return Ask(body={"given_name": f"Perpetua{world.number()}", "family_name": "Smokestack"})


@ask("PATCH guardians/{}")
def _change_guardian(world: World) -> Ask:
    guardian = world.new_guardian()
    return Ask({"id": guardian["id"]}, {"phone": "1", "version": guardian["version"]})


@ask("GET sections/{}/students")
def _section_roster(world: World) -> Ask:
    return Ask({"id": world.homeroom["id"]}, query={"as_of": world.today})


@ask("GET classes/{}/students")
def _class_roster(world: World) -> Ask:
    return Ask({"id": world.taught["id"]}, query={"as_of": world.today})


@ask("POST classes/{}/students")
def _join(world: World) -> Ask:
    body = {"student_ids": [world.new_student()["id"]], "starts_on": world.today}
    return Ask({"id": world.taught["id"]}, body)


@ask("POST classes/{}/students/{}/leave")
def _leave_class(world: World) -> Ask:
    student = world.new_student()["id"]
    world.post(f"classes/{world.taught['id']}/students", {"student_ids": [student], "starts_on": world.today})
    return Ask({"id": world.taught["id"], "student": student}, {"ends_on": world.tomorrow})


# --- attendance -------------------------------------------------------------------------------------------------------
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


# --- staff and timetable ----------------------------------------------------------------------------------------------
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


# --- rosters ----------------------------------------------------------------------------------------------------------
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


# --- jobs -------------------------------------------------------------------------------------------------------------
@ask("GET jobs/{}")
@ask("DELETE jobs/{}")
@ask("POST jobs/{}/run-now")
def _job(world: World) -> Ask:
    return Ask({"job_id": str(world.track(world.get("me")["id"]))})
