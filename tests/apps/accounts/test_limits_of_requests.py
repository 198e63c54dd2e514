"""Every answer says how many requests are left; guessing at a login never keeps its owner out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import hashing, open_login
from schoolops.context import nowhere
from schoolops.ratelimit import scripts, throttles
from schoolops.ratelimit.windows import REQUESTS_OF_ADDRESS, REQUESTS_OF_USER, Window
from schoolops.redis.connection import RedisCircuitOpen
from schoolops.resilience.bulkhead import Busy
from tests.factories import people
from tests.factories.talking import Talk
from tests.support.counted import round_trips_to_redis

FEW = Window("user", "user", 3, 60, "open", "for tests")


@pytest.fixture(autouse=True)
def _limits_as_they_run(settings: Any) -> None:
    settings.RATE_LIMIT_FACTOR = 1


def busy(*_said: Any) -> bool:
    raise Busy(retry_after=1)


def test_an_answer_says_how_many_are_left(at_oak: Any, alice: User) -> None:
    told = [at_oak(alice).get("me").headers for _ in range(2)]
    assert [each["RateLimit-Policy"] for each in told] == [f'"user";q={REQUESTS_OF_USER.most};w=60'] * 2
    assert [each["RateLimit"].split(";t=")[0] for each in told] == ['"user";r=1199', '"user";r=1198']


def test_beyond_it_comes_429_with_when_to_come_again(
    at_oak: Any, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles, "REQUESTS_OF_USER", FEW)
    assert [at_oak(alice).get("me").status_code for _ in range(3)] == [200] * 3
    refused = at_oak(alice).get("me")
    assert refused.status_code == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "ratelimit:too-often"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"user";r=0;')
    # Another user behind the same address is another user.
    assert at_oak(bob).get("me").status_code == 200


def test_trying_tokens_counts_for_the_address(at_oak: Any, oak: Any, client_for: Any) -> None:
    guess = Talk(client_for(oak), token="so_a_oak_guess_000000").get("me")
    assert guess.status_code == 401
    assert guess.headers["RateLimit"].startswith(f'"address";r={REQUESTS_OF_ADDRESS.most - 1};')


def test_a_school_with_too_many_logins_of_strangers_still_lets_its_own_devices_in(
    at_oak: Any, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = at_oak()
    assert known.log_in().status_code == 200
    monkeypatch.setattr(
        "apps.accounts.services.passwords.LOGINS_OF_SCHOOL", Window("logins", "school", 2, 60, "open", "")
    )
    for guessed in ("somebody", "somebody-else"):
        assert at_oak().log_in(guessed).status_code == 401
    refused = at_oak().log_in()
    assert (refused.status_code, refused.json()["code"]) == (429, "ratelimit:too-often")
    assert known.log_in().status_code == 200


def test_what_is_no_failure_takes_nothing_from_the_schools_logins(
    at_oak: Any, bob: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "apps.accounts.services.passwords.LOGINS_OF_SCHOOL", Window("logins", "school", 5, 60, "stricter", "")
    )
    # Four guesses at Alice, and many more that have to wait.
    assert [at_oak().log_in("alice", "guess").status_code for _ in range(12)] == [401] * 4 + [429] * 8
    # Logins that succeed, and those for which no slot came free.
    assert {at_oak().log_in().status_code for _ in range(6)} == {200}
    monkeypatch.setattr(hashing, "is_password_of", busy)
    assert {at_oak().log_in().status_code for _ in range(6)} == {503}
    monkeypatch.undo()
    with round_trips_to_redis() as asked:
        assert at_oak().log_in().status_code == 200
    assert asked.count("EVALSHA") == 3


def test_a_login_that_is_counted_here_is_given_back_here(
    at_oak: Any, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_said: Any) -> Any:
        raise RedisCircuitOpen("away")

    monkeypatch.setattr(scripts, "run", away)
    monkeypatch.setattr(
        "apps.accounts.services.passwords.LOGINS_OF_SCHOOL", Window("logins", "school", 8, 60, "stricter", "")
    )
    # A quarter of eight is two.
    assert {at_oak().log_in().status_code for _ in range(6)} == {200}
    assert [at_oak().log_in(f"somebody-{each}").status_code for each in range(3)] == [401, 401, 429]


def test_a_stranger_takes_nothing_from_the_school_and_neither_does_one_who_is_refused(
    at_oak: Any, alice: User, bob: User, oak: Any, client_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles, "REQUESTS_OF_USER", FEW)
    monkeypatch.setattr(throttles, "REQUESTS_OF_SCHOOL", Window("school", "school", 5, 60, "open", "for tests"))
    stranger = Talk(client_for(oak))
    assert {stranger.get("me").status_code for _ in range(6)} == {401}
    assert {stranger.log_in("nobody").status_code for _ in range(6)} == {401, 429}
    assert [at_oak(bob).get("me").status_code for _ in range(9)] == [200] * 3 + [429] * 6
    assert [at_oak(alice).get("me").status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("said", [{}, {"Authorization": "Bearer so_a_oak_guess_000000"}])
def test_a_stranger_who_hammers_is_counted_and_then_told_to_wait(
    in_oak: Any, client_for: Any, monkeypatch: pytest.MonkeyPatch, said: dict[str, str]
) -> None:
    monkeypatch.setattr(throttles, "REQUESTS_OF_ADDRESS", Window("address", "address", 3, 60, "open", "for tests"))
    stranger = client_for(in_oak)
    for address in ("me", "jobs/1", "students"):
        assert stranger.get(f"/api/v1/{address}", headers=said).status_code == 401
    refused = stranger.get("/api/v1/students", headers=said)
    assert (refused.status_code, refused.json()["code"]) == (429, "ratelimit:too-often")
    assert refused.headers["RateLimit"].startswith('"address";r=0;')


def test_a_request_is_counted_once_whoever_asks(at_oak: Any, bob: User, oak: Any, client_for: Any) -> None:
    with round_trips_to_redis() as asked:
        Talk(client_for(oak)).get("me")
    assert asked.count("EVALSHA") == 1
    inside_already = at_oak(bob)
    with round_trips_to_redis() as asked:
        inside_already.get("me")
    assert asked.count("EVALSHA") == 1


PAGES = (
    "/office/", "/office/students/student/", "/office/imports/", "/office/jsi18n/", "/office/no-such-page/", "/roll/",
    "/api/v1/me", "/api/v1/students", "/language/",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_whatever_a_person_asks_for_is_counted_once_and_bounded(
    in_oak: Any, client_for: Any, alice: User, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(throttles, "REQUESTS_OF_USER", FEW)
    token = open_login(alice, label="test").access_token
    browser = client_for(in_oak)
    browser.force_login(alice, backend="apps.accounts.backends.LoginBackend")
    headers = {"Authorization": f"Bearer {token}"} if page.startswith("/api/") else {"Accept": "text/html"}
    with nowhere():
        answers = [browser.get(page, headers=headers) for _ in range(3)]
        assert [each.headers["RateLimit"].split(";t=")[0] for each in answers] == [
            f'"user";r={left}' for left in (2, 1, 0)
        ]
        refused = browser.get(page, headers=headers)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    kind = "application/problem+json" if page.startswith("/api/") else "text/html"
    assert refused.headers["Content-Type"].startswith(kind)


@pytest.mark.parametrize(
    ("method", "page"),
    [
        ("GET", "/office/login/"), ("POST", "/office/login/"), ("GET", "/redeem"), ("POST", "/redeem"),
        ("GET", "/support"), ("GET", "/office/"), ("GET", "/no/such/address"), ("GET", "/api/v1/no-such"),
        ("POST", "/api/v1/auth/login"), ("POST", "/api/v1/students"),
    ],
)  # fmt: skip
def test_whatever_a_stranger_asks_for_is_counted_even_without_a_forms_token(
    in_oak: Any, monkeypatch: pytest.MonkeyPatch, method: str, page: str
) -> None:
    monkeypatch.setattr(throttles, "REQUESTS_OF_ADDRESS", Window("address", "address", 3, 60, "open", "for tests"))
    stranger = Client(raise_request_exception=False, enforce_csrf_checks=True, headers={"host": "oak.localhost"})
    with nowhere():
        answers = [stranger.generic(method, page, b"", headers={"Accept": "text/html"}) for _ in range(4)]
    assert [each.headers["RateLimit"].split(";t=")[0] for each in answers] == [
        f'"address";r={left}' for left in (2, 1, 0, 0)
    ]
    assert [each.status_code == 429 for each in answers] == [False] * 3 + [True]


def test_a_phone_and_a_browser_of_one_person_are_counted_together(
    in_oak: Any, at_oak: Any, client_for: Any, alice: User
) -> None:
    browser = client_for(in_oak)
    browser.force_login(alice, backend="apps.accounts.backends.LoginBackend")
    phone = at_oak(alice)
    with nowhere():
        assert browser.get("/office/").headers["RateLimit"].startswith('"user";r=1199')
        assert phone.get("me").headers["RateLimit"].startswith('"user";r=1198')
        # What a page loads is no request of a person's.
        assert "RateLimit" not in browser.get("/static/office/office.css").headers


def test_whoever_guesses_at_the_head_keeps_the_heads_own_device_out_of_it(at_oak: Any, alice: User) -> None:
    hers, strangers = at_oak(), at_oak()
    assert hers.log_in("alice").status_code == 200
    answers = [strangers.log_in("alice", "guess").status_code for _ in range(6)]
    assert answers[-1] == 429
    # From the same address, at the same login, at the same moment.
    assert hers.log_in("alice").status_code == 200
    assert strangers.log_in("alice", people.PASSWORD).status_code == 429


def test_a_device_is_known_for_one_login_of_one_school(at_oak: Any, at_elm: Any, bob: User, alice: User) -> None:
    known = at_oak()
    cookie = known.log_in("bob").cookies["so_device"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    for _ in range(5):
        at_oak().log_in("alice", "guess")
    # Bob's device is a stranger at Alice's login, and a made-up cookie is none.
    assert known.log_in("alice").status_code == 429
    forged = at_oak()
    forged.client.cookies["so_device"] = cookie.value.replace(".", "x.", 1)
    for _ in range(5):
        at_oak().log_in("bob", "guess")
    assert forged.log_in("bob").status_code == 429
    assert known.log_in("bob").status_code == 200


def test_a_device_is_a_stranger_once_the_password_is_another_but_for_the_one_that_changed_it(
    at_oak: Any, bob: User
) -> None:
    new = {"password": people.PASSWORD, "new_password": "another good long one"}
    lent, his = at_oak(), at_oak(bob)
    for device in (lent, his):
        assert device.log_in().status_code == 200
    assert his.post("me/password", new).status_code == 200
    for _ in range(5):
        at_oak().log_in("bob", "guess")
    # Whoever keeps the old password and a cookie of its time has no guesses of their own at the new one.
    assert lent.log_in("bob", "guess").status_code == 429
    assert his.log_in("bob", new["new_password"]).status_code == 200


def test_a_device_that_was_lost_is_a_stranger_after_logging_out_everywhere(at_oak: Any, bob: User) -> None:
    lost, his = at_oak(), at_oak(bob)
    assert lost.log_in().status_code == 200
    assert his.post("auth/logout-everywhere").status_code == 200
    for _ in range(5):
        at_oak().log_in("bob", "guess")
    assert lost.log_in("bob", "guess").status_code == 429


def test_a_school_behind_one_address_pays_for_its_typing_errors_with_those_who_get_in(
    at_oak: Any, alice: User, bob: User
) -> None:
    """More mistype than the fifty failures that an address has free."""
    answers = []
    for number in range(60):
        person = people.a_user(f"person-{number}")
        answers += [at_oak().log_in(person.username, said).status_code for said in ("mistyped", people.PASSWORD)]
    assert answers == [401, 200] * 60
