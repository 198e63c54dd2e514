"""Whoever guesses waits longer and longer; whoever knows the password is let in after the wait, always."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import User
from schoolops.ratelimit import delays, scripts, turns
from schoolops.ratelimit.addresses import address_of
from schoolops.ratelimit.delays import TooManyAttempts
from schoolops.ratelimit.turns import Delay, Here, wait_after
from schoolops.redis.connection import RATE_LIMITS, RedisCircuitOpen, client
from tests.factories import people
from tests.factories.talking import Talk


def wrong(talk: Talk, login: str = "bob") -> Any:
    return talk.log_in(login, "wrong password")


def test_typing_errors_cost_nothing_and_then_each_wait_is_twice_the_last(at_oak: Any, bob: User, later: Any) -> None:
    stranger = at_oak()
    for _ in range(3):
        assert wrong(stranger).status_code == 401
    waits = []
    for _ in range(9):
        assert wrong(stranger).status_code == 401
        refused = wrong(stranger)
        assert refused.status_code == 429
        assert refused.json()["code"] == "ratelimit:too-many-attempts"
        waits.append(int(refused.headers["Retry-After"]))
        later(seconds=waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_right_password_is_let_in_as_soon_as_the_wait_is_over(at_oak: Any, bob: User, later: Any) -> None:
    stranger = at_oak()
    for _ in range(10):
        while wrong(stranger).status_code == 429:
            later(seconds=60)
    early = stranger.log_in()
    assert early.status_code == 429
    later(seconds=int(early.headers["Retry-After"]))
    assert stranger.log_in().status_code == 200
    # And everything is forgiven.
    assert [wrong(stranger).status_code for _ in range(3)] == [401, 401, 401]


def test_asking_too_early_does_not_make_the_wait_longer(at_oak: Any, bob: User, later: Any) -> None:
    stranger = at_oak()
    for _ in range(6):
        while wrong(stranger).status_code == 429:
            later(seconds=8)
    first = int(wrong(stranger).headers["Retry-After"])
    for _ in range(20):
        assert int(wrong(stranger).headers["Retry-After"]) == first


def test_a_login_that_does_not_exist_waits_just_the_same(at_oak: Any, bob: User) -> None:
    answers = [[wrong(at_oak(), login).status_code for _ in range(5)] for login in ("bob", "nobody")]
    assert answers[0] == answers[1] == [401, 401, 401, 401, 429]


def test_upper_case_and_spaces_do_not_make_another_login(at_oak: Any, bob: User) -> None:
    said = ["bob", "BOB", " Bob ", "bOb", "bob "]
    assert [wrong(at_oak(), login).status_code for login in said] == [401, 401, 401, 401, 429]


def test_one_who_guesses_at_bob_keeps_nobody_else_waiting(at_oak: Any, bob: User, alice: User) -> None:
    for _ in range(5):
        wrong(at_oak())
    assert at_oak().log_in("alice").status_code == 200


def test_guessing_at_many_logins_from_one_address_waits_too_and_ones_own_login_does_not_help(
    at_oak: Any, bob: User
) -> None:
    answers = []
    for number in range(60):
        answers.append(wrong(at_oak(), f"somebody-{number}").status_code)
        if number in {30, 40}:
            assert at_oak().log_in().status_code == 200
    # Bob's own login pays for one guess, and no second login of his for another.
    assert answers.count(401) == 52
    assert answers[52:] == [429] * 8


def test_a_whole_school_behind_one_address_logs_in_at_once(at_oak: Any, bob: User) -> None:
    assert {at_oak().log_in().status_code for _ in range(60)} == {200}


def test_a_school_does_not_wait_for_the_failures_of_another(at_oak: Any, at_elm: Any, bob: User) -> None:
    for _ in range(5):
        wrong(at_oak())
    assert wrong(at_oak()).status_code == 429
    assert wrong(at_elm()).status_code == 401


def test_failures_are_forgotten_after_a_quarter_of_an_hour(at_oak: Any, bob: User) -> None:
    for _ in range(4):
        wrong(at_oak())
    server = client(RATE_LIMITS)
    kept = list(server.scan_iter("tenant:*:ratelimit:delay:*"))
    assert len(kept) == 3
    assert all(0 < server.ttl(key) <= 15 * 60 for key in kept)


def test_without_redis_the_waits_begin_earlier_and_never_end_up_absent(
    at_oak: Any, bob: User, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_said: Any) -> Any:
        raise RedisCircuitOpen("away")

    monkeypatch.setattr(scripts, "run", away)
    assert wrong(at_oak()).status_code == 401
    waits = []
    for _ in range(8):
        refused = wrong(at_oak())
        assert refused.status_code == 429
        waits.append(int(refused.headers["Retry-After"]))
        later(seconds=waits[-1])
        assert wrong(at_oak()).status_code == 401
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    later(seconds=60)
    assert at_oak().log_in().status_code == 200
    assert wrong(at_oak()).status_code == 401


@pytest.mark.parametrize("redis_answers", [True, False])
def test_a_clock_that_was_an_hour_ahead_keeps_nobody_waiting_for_longer_than_they_would(
    at_oak: Any, bob: User, later: Any, monkeypatch: pytest.MonkeyPatch, *, redis_answers: bool
) -> None:
    def away(*_said: Any) -> Any:
        raise RedisCircuitOpen("away")

    if not redis_answers:
        monkeypatch.setattr(scripts, "run", away)
    later(hours=1)
    while wrong(at_oak()).status_code != 429:
        pass
    later(hours=-1)
    refused = at_oak().log_in()
    # What was noted then was noted now.
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    later(seconds=1)
    assert at_oak().log_in().status_code == 200


def test_the_process_forgets_the_oldest_rather_than_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_REMEMBERED", 3)
    here = Here()
    delay = Delay("login", free=0, forgiven=True)
    for number in range(5):
        assert here.begin({f"key-{number}": delay}, 1000.0)[0] == 0
    assert here.begin({"key-0": delay}, 1000.0)[0] == 0
    assert here.begin({"key-4": delay}, 1000.0)[0] > 0


def test_attempts_at_once_are_counted_before_their_outcome_is_known(in_oak: Any, school_day: Any) -> None:
    delay = Delay("test", free=2, forgiven=True)
    under_way = [delays.begin({delay: "bob"}) for _ in range(3)]
    with pytest.raises(TooManyAttempts) as refusal:
        delays.begin({delay: "bob"})
    assert refusal.value.retry_after == 1
    under_way[0].take_back()
    delays.begin({delay: "bob"})
    with pytest.raises(TooManyAttempts):
        delays.begin({delay: "bob"})


def test_the_wait_doubles_up_to_a_minute() -> None:
    assert [wait_after(failures, free=2) for failures in range(12)] == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        (2, "10.9.9.9, 203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "'; DROP TABLE", "unknown"),
    ],
)
def test_an_address_is_believed_as_far_as_our_proxies_saw_it(
    rf: Any, settings: Any, proxies: int, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded} if forwarded else {})
    assert address_of(request) == expected


def test_the_password_asked_again_waits_as_at_the_login(at_oak: Any, bob: User) -> None:
    talk = at_oak(bob)
    said = {"password": "wrong", "new_password": "another good long one"}
    assert [talk.post("me/password", said).status_code for _ in range(5)] == [422, 422, 422, 422, 429]
    assert people.PASSWORD not in said.values()


def test_whoever_guesses_at_bob_keeps_his_own_device_out_of_it_when_his_password_is_asked_again(
    at_oak: Any, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    his = at_oak(bob)
    # Known by what he typed, which is not his username.
    assert his.log_in("bob@oak.example").status_code == 200
    for _ in range(6):
        at_oak().log_in("bob", "guess")
    wrong_code = {"password": people.PASSWORD, "code": "000000"}
    assert his("DELETE", "me/totp", wrong_code).json()["code"] == "accounts:no-second-factor"
    said = {"password": people.PASSWORD, "new_password": "another good long one"}
    stranger = at_oak(bob)
    assert stranger.post("me/password", said).status_code == 429
    assert his.post("me/password", said).status_code == 200
