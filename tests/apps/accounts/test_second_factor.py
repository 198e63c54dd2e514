"""Codes of an authenticator app: optional, unless the school asks its staff for one; always asked of operators."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.accounts import services
from apps.accounts.errors import CodeRefused
from apps.accounts.models import AccountPolicy, User
from schoolops.audit.models import AuditEntry
from schoolops.context import inside, outside_schools
from tests.factories import people


class App:
    """An authenticator app."""

    def __init__(self, secret: str) -> None:
        self._key = base64.b32decode(secret)

    def code(self, *, steps: int = 0) -> str:
        totp = TOTP(self._key)
        # The phone's clock is the real one, whatever the test's says.
        totp.time = time.time() + 30 * steps  # noqa: TID251
        return f"{totp.token():06d}"


@pytest.fixture
def app(at_oak: Any, bob: User) -> App:
    """Bob has set up a second factor; its present code is used up, the next one is good."""
    talk = at_oak(bob)
    made = App(talk.post("me/totp").json()["secret"])
    assert talk.post("me/totp/confirm", {"code": made.code()}).status_code == 200
    return made


def ask_staff_for_it() -> None:
    AccountPolicy.objects.create(staff_need_totp=True)


def test_it_is_set_up_with_a_qr_code_and_counts_once_confirmed(at_oak: Any, bob: User) -> None:
    talk = at_oak(bob)
    made = talk.post("me/totp")
    assert made.status_code == 201
    body = made.json()
    assert body["otpauth_uri"].startswith("otpauth://totp/Oak%20School:bob?secret=")
    assert body["otpauth_uri"].endswith("&issuer=Oak%20School")
    assert base64.b64decode(body["qr"].removeprefix("data:image/svg+xml;base64,")).startswith(b"<?xml")
    assert at_oak().log_in().status_code == 200

    confirmed = talk.post("me/totp/confirm", {"code": App(body["secret"]).code()})

    assert len(set(confirmed.json()["recovery_codes"])) == 10
    assert at_oak().log_in().json()["code"] == "accounts:code-required"


def test_a_wrong_code_confirms_nothing(at_oak: Any, bob: User) -> None:
    talk = at_oak(bob)
    talk.post("me/totp")
    for wrong in ("000000", "", "abcdef", "1234567", "\uff11\uff12\uff13\uff14\uff15\uff16"):
        assert talk.post("me/totp/confirm", {"code": wrong}).status_code == 422
    assert at_oak().log_in().status_code == 200


def test_confirming_ends_the_other_logins_and_keeps_this_one(at_oak: Any, bob: User) -> None:
    here, there = at_oak(bob), at_oak(bob)
    made = App(here.post("me/totp").json()["secret"])
    here.post("me/totp/confirm", {"code": made.code()})
    assert here.get("me").status_code == 200
    assert there.get("me").status_code == 401


def test_a_login_asks_for_the_code_and_a_code_works_once(at_oak: Any, app: App) -> None:
    assert at_oak().log_in().json()["code"] == "accounts:code-required"
    assert at_oak().log_in(code="000000").json()["code"] == "accounts:code-refused"
    code = app.code(steps=1)
    assert at_oak().log_in(code=code).status_code == 200
    assert at_oak().log_in(code=code).json()["code"] == "accounts:code-refused"


def test_whoever_lacks_the_password_learns_nothing_of_a_second_factor(at_oak: Any, app: App) -> None:
    assert at_oak().log_in(password="wrong").json()["code"] == "accounts:login-refused"
    assert at_oak().log_in(password="wrong", code=app.code(steps=1)).json()["code"] == "accounts:login-refused"


def test_guessing_codes_waits_and_asking_without_a_code_does_not_reset_it(at_oak: Any, app: App) -> None:
    answers = []
    for _ in range(6):
        answers.append(at_oak().log_in(code="000000").status_code)
        at_oak().log_in()
    assert answers == [401, 401, 401, 401, 429, 429]


def test_guessing_never_locks_the_right_code_out(at_oak: Any, app: App, later: Any) -> None:
    for _ in range(12):
        at_oak().log_in(code="000000")
        later(seconds=60)
    assert at_oak().log_in(code=app.code(steps=1)).status_code == 200


def test_a_recovery_code_works_once_and_is_kept_as_a_digest(at_oak: Any, bob: User) -> None:
    talk = at_oak(bob)
    made = App(talk.post("me/totp").json()["secret"])
    codes = talk.post("me/totp/confirm", {"code": made.code()}).json()["recovery_codes"]
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert not stored & {code.replace("-", "") for code in codes}

    assert at_oak().log_in(code=codes[0].lower()).status_code == 200
    assert at_oak().log_in(code=codes[0]).json()["code"] == "accounts:code-refused"
    assert at_oak().log_in(code=codes[1].replace("-", "")).status_code == 200
    assert AuditEntry.objects.filter(action="accounts.recovery-code-used").count() == 2


def test_a_second_one_is_not_set_up_beside_the_first(at_oak: Any, bob: User, app: App) -> None:
    refused = at_oak(bob).post("me/totp")
    assert (refused.status_code, refused.json()["code"]) == (409, "accounts:second-factor-exists")


def test_it_is_given_up_against_password_and_code(at_oak: Any, bob: User, app: App) -> None:
    talk = at_oak(bob)
    assert talk("DELETE", "me/totp", {"password": people.PASSWORD, "code": "000000"}).status_code == 401
    assert talk("DELETE", "me/totp", {"password": "wrong", "code": app.code(steps=1)}).status_code == 401
    assert talk("DELETE", "me/totp", {"password": people.PASSWORD, "code": app.code(steps=1)}).status_code == 204
    assert at_oak().log_in().status_code == 200
    assert not StaticToken.objects.exists()


def test_where_the_school_asks_for_it_staff_can_do_nothing_else_before(at_oak: Any, bob: User) -> None:
    ask_staff_for_it()
    body = at_oak().log_in().json()
    assert body["user"]["setup_missing"] == "totp"
    talk = at_oak(token=body["access_token"])
    assert talk.get("me").json()["setup_missing"] == "totp"
    refused = talk.get("permissions")
    assert (refused.status_code, refused.json()["code"]) == (403, "accounts:setup-unfinished")
    assert "second factor" in refused.json()["detail"]

    made = App(talk.post("me/totp").json()["secret"])
    talk.post("me/totp/confirm", {"code": made.code()})

    assert talk.get("me").json()["setup_missing"] == ""
    assert talk.get("permissions").json()["code"] == "access:permission-missing"


def test_guardians_are_not_asked(at_oak: Any, carol: User) -> None:
    ask_staff_for_it()
    assert at_oak().log_in("carol").json()["user"]["setup_missing"] == ""


def test_it_cannot_be_given_up_where_the_school_asks_for_it(at_oak: Any, bob: User, app: App) -> None:
    ask_staff_for_it()
    refused = at_oak(bob)("DELETE", "me/totp", {"password": people.PASSWORD, "code": app.code(steps=1)})
    assert (refused.status_code, refused.json()["code"]) == (409, "accounts:second-factor-needed")


def test_a_login_from_before_the_rule_is_asked_at_its_next_refresh(at_oak: Any, bob: User, erin: User) -> None:
    tokens = at_oak().log_in().json()
    services.change_policy(staff_need_totp=True, expected_version=None, by=erin)
    fresh = at_oak().post("auth/refresh", {"refresh_token": tokens["refresh_token"]}).json()
    assert fresh["user"]["setup_missing"] == "totp"
    assert at_oak(token=fresh["access_token"]).get("permissions").json()["code"] == "accounts:setup-unfinished"


def test_the_administrator_makes_the_rule_and_two_do_not_overwrite_each_other(
    at_oak: Any, erin: User, alice: User
) -> None:
    hers = at_oak(erin)
    read = hers.get("account-policy")
    assert read.json() == {"staff_need_totp": False, "version": 1}
    assert read.headers["ETag"] == '"1"'
    said = {"staff_need_totp": True}
    assert at_oak(alice)("PUT", "account-policy", {**said, "version": 1}).status_code == 403
    assert hers("PUT", "account-policy", said).status_code == 422
    assert hers("PUT", "account-policy", said, **{"If-Match": '"1"'}).json()["version"] == 2
    late = hers("PUT", "account-policy", {"staff_need_totp": False, "version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "accounts:policy-changed-meanwhile")


def test_the_office_resets_the_second_factor_of_a_lost_phone(at_oak: Any, dave: User, bob: User, app: App) -> None:
    assert at_oak(dave)("DELETE", f"users/{bob.sourced_id}/totp").status_code == 204
    assert at_oak().log_in().status_code == 200
    assert AuditEntry.objects.filter(action="accounts.second-factor-reset", actor_name="Dave").count() == 1


def test_the_office_does_not_reset_that_of_the_head(at_oak: Any, dave: User, alice: User) -> None:
    assert at_oak(dave)("DELETE", f"users/{alice.sourced_id}/totp").json()["code"] == "access:beyond-you"


def test_an_operator_can_do_nothing_without_one(db: None, at_the_operators: Any) -> None:
    with outside_schools():
        people.a_user("dana")
        body = at_the_operators().log_in("dana").json()
        assert body["user"]["setup_missing"] == "totp"
        talk = at_the_operators(token=body["access_token"])
        made = App(talk.post("me/totp").json()["secret"])
        assert "issuer=SchoolOps" in talk.post("me/totp").json()["otpauth_uri"]
        assert talk.post("me/totp/confirm", {"code": made.code()}).status_code == 422
        made = App(talk.post("me/totp").json()["secret"])
        assert talk.post("me/totp/confirm", {"code": made.code()}).status_code == 200
        removal = {"password": people.PASSWORD, "code": made.code(steps=1)}
        assert talk("DELETE", "me/totp", removal).json()["code"] == "accounts:second-factor-needed"


def test_one_code_opens_one_of_two_logins_that_come_at_once(fresh_school: Any) -> None:
    school = fresh_school()
    with inside(school):
        user = people.a_user("bob")
        device = TOTPDevice.objects.create(user=user, confirmed=True)
    code = App(base64.b32encode(device.bin_key).decode()).code()

    def attempt(_: int) -> str:
        try:
            with inside(school):
                services.log_in(login="bob", password=people.PASSWORD, code=code)
                return "in"
        except CodeRefused:
            return "refused"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == ["in", "refused"]
