"""Every answer says how many requests are left; guessing at a login never keeps its owner out."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import User
from schoolops.ratelimit import throttles, windows
from schoolops.ratelimit.windows import REQUESTS_OF_ADDRESS, REQUESTS_OF_USER, Window
from tests.factories import people
from tests.factories.talking import Talk

FEW = Window("user", "user", 3, 60, "open", "for tests")


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
    windows.forget_here()
    assert at_oak().log_in().status_code == 200
    refused = at_oak().log_in()
    assert (refused.status_code, refused.json()["code"]) == (429, "ratelimit:too-often")
    assert known.log_in().status_code == 200


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


def test_a_school_behind_one_address_pays_for_its_typing_errors_with_those_who_get_in(
    at_oak: Any, alice: User, bob: User
) -> None:
    """More mistype than the fifty failures that an address has free."""
    answers = []
    for number in range(60):
        person = people.a_user(f"person-{number}")
        answers += [at_oak().log_in(person.username, said).status_code for said in ("mistyped", people.PASSWORD)]
    assert answers == [401, 200] * 60
