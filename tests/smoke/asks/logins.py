"""Logins of others, and roles."""

from __future__ import annotations

import time
from typing import Any

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World, one_time_code


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
