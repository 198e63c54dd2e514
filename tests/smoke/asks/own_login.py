"""One's own login."""

from __future__ import annotations

import time

from tests.smoke.asks.table import Ask, ask
from tests.smoke.world import World, one_time_code


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
