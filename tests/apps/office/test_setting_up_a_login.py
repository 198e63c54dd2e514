"""Links that set a password, second factors set up on the way in, and the same door for operators."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from django.core import mail
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.accounts import services as accounts
from apps.accounts.models import AccountPolicy, User
from schoolops.audit.models import AuditEntry
from schoolops.context import outside_schools
from schoolops.ratelimit import delays
from schoolops.ratelimit.delays import TooManyAttempts
from tests.factories import people
from tests.factories.talking import Browser

Office = Callable[..., Any]
LOGIN = "/office/login/"
NEW = "three quiet purple lanterns"


def _code(user: User) -> str:
    generator = TOTP(TOTPDevice.objects.get(user=user).bin_key)
    # The phone's clock is the real one, whatever the test's says.
    generator.time = time.time()  # noqa: TID251
    return f"{generator.token():06d}"


def test_an_invitation_leads_to_a_password_and_the_password_to_the_office(office: Office, dave: User) -> None:
    newcomer = people.a_user("nora", role="registrar")
    handed = accounts.invite(user=newcomer, by_mail=False, by=dave)
    assert handed is not None
    browser = office()
    assert browser.get("/redeem").status_code == 200
    wrong = browser.post("/redeem", {"token": handed.token, "password": NEW, "again": "something else"})
    assert wrong.status_code == 422
    weak = browser.post("/redeem", {"token": handed.token, "password": "short", "again": "short"})
    assert weak.status_code == 422
    assert "too short" in weak.content.decode()
    done = browser.post("/redeem", {"token": handed.token, "password": NEW, "again": NEW})
    assert (done.status_code, done["Location"]) == (302, LOGIN)
    again = browser.post("/redeem", {"token": handed.token, "password": NEW, "again": NEW})
    assert "used before" in again.content.decode()
    assert browser.post(LOGIN, {"login": "nora", "password": NEW})["Location"] == "/office/"


def test_a_forgotten_password_says_the_same_whether_the_login_exists_or_not(office: Office, alice: User) -> None:
    answers = [office().post("/office/forgotten/", {"login": each}, follow=True) for each in ("alice", "nobody")]
    assert all("If this login exists" in each.content.decode() for each in answers)
    assert mail.outbox == []


def test_who_asks_for_links_too_often_keeps_what_was_typed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = TooManyAttempts(seconds=40, retry_after=40)
    refusal.pressed = True
    monkeypatch.setattr(delays, "begin", Mock(side_effect=refusal))
    answer = office().post("/office/forgotten/", {"login": "alice.from.nowhere"})
    assert answer.status_code == 429
    assert "alice.from.nowhere" in answer.content.decode()
    assert "wait 40 seconds" in answer.content.decode()


def test_staff_set_up_a_second_factor_where_the_school_asks_for_one(office: Office, alice: User) -> None:
    AccountPolicy.objects.create(staff_need_totp=True)
    browser = office()
    asked = browser.post(LOGIN, {"login": "alice", "password": people.PASSWORD})
    assert asked["Location"] == "/office/second-factor/"
    # The password alone opens nothing yet.
    assert browser.get("/office/").status_code == 302
    assert "data:image/svg+xml" in browser.get("/office/second-factor/").content.decode()
    assert browser.post("/office/second-factor/", {"code": "000000"}).status_code == 422
    done = browser.post("/office/second-factor/", {"code": _code(alice)})
    assert done.content.decode().count("<li><code>") == 10
    assert browser.get("/office/").status_code == 200


def test_a_second_factor_is_not_set_up_by_a_stranger(office: Office, alice: User) -> None:
    assert office().get("/office/second-factor/")["Location"] == LOGIN
    assert not TOTPDevice.objects.filter(user=alice).exists()


def test_setting_up_ends_when_the_password_changes_meanwhile(office: Office, alice: User) -> None:
    AccountPolicy.objects.create(staff_need_totp=True)
    browser = office()
    browser.post(LOGIN, {"login": "alice", "password": people.PASSWORD})
    User.objects.filter(pk=alice.pk).update(password="other")
    assert browser.get("/office/second-factor/")["Location"] == LOGIN


@pytest.mark.django_db
def test_an_operator_comes_in_by_password_and_code() -> None:
    browser = Browser(Client(headers={"host": "localhost"}))
    with outside_schools():
        handed = accounts.create_operator(username="olga", email="", given_name="Olga", family_name="")
    assert browser.get("/operators/").status_code == 302
    browser.post("/redeem", {"token": handed.token, "password": NEW, "again": NEW})
    asked = browser.post("/operators/login/", {"login": "olga", "password": NEW})
    assert asked["Location"] == "/operators/second-factor/"
    assert browser.get("/operators/second-factor/").status_code == 200
    with outside_schools():
        code = _code(User.objects.get(username="olga"))
    assert browser.post("/operators/second-factor/", {"code": code}).status_code == 200
    assert browser.get("/operators/").status_code == 200
    browser.post("/operators/logout/")
    assert browser.get("/operators/").status_code == 302
    without = browser.post("/operators/login/", {"login": "olga", "password": NEW})
    assert "second factor" in without.content.decode()


def test_a_password_is_changed_by_whoever_knows_it_and_other_logins_end(office: Office, alice: User) -> None:
    browser, elsewhere = office(alice), office(alice)
    address = "/office/password_change/"
    wrong = browser.post(address, {"present": "guess", "password": NEW, "again": NEW})
    assert wrong.status_code == 422
    said = {"present": people.PASSWORD, "password": NEW, "again": NEW}
    assert browser.post(address, said)["Location"] == "/office/"
    assert browser.get("/office/").status_code == 200
    assert elsewhere.get("/office/").status_code == 302
    assert AuditEntry.objects.filter(action="accounts.password-changed").exists()
