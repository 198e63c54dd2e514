"""Guessing is no faster for the turns of those who wait, which stand without Redis too and are nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.accounts import services
from apps.accounts.errors import LinkNotValid, LoginRefused, PasswordWrong
from apps.accounts.models import OneTimeLink, TokenFamily, User
from apps.accounts.services import hashing, passwords
from schoolops.errors import Invalid, Throttled
from schoolops.ratelimit import delays, scripts, turns
from schoolops.ratelimit.turns import FIRST_TURN_S, LONGEST_TURN_S, LONGEST_WAIT_S, Delay, turn_after
from schoolops.ratelimit.windows import LOGINS_OF_SCHOOL, TURNS_OF_SCHOOL, Window
from schoolops.redis.connection import RedisCircuitOpen
from tests.apps.accounts.sieges import (
    ELSEWHERE,
    HERE,
    Guess,
    Siege,
    confirm_the_password,
    invented_names,
    invented_names_who_keep_their_turns,
    is_password_of,
    kept,
    log_in,
    the_login_from_two_other_addresses,
)
from tests.factories import people


@pytest.fixture
def alice(alice: User) -> User:
    alice.email = "alice@oak.example"
    alice.save(update_fields=["email"])
    return alice


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "is_password_of", is_password_of)


@pytest.fixture(autouse=True)
def _limits_as_they_run(settings: Any) -> None:
    settings.RATE_LIMIT_FACTOR = 1


@pytest.mark.parametrize("attack", [invented_names, the_login_from_two_other_addresses])
def test_without_redis_as_well(
    attack: Callable[[], Iterator[Guess]],
    alice: User,
    quick: None,
    later: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_said: Any) -> Any:
        raise RedisCircuitOpen("away")

    monkeypatch.setattr(scripts, "run", away)
    siege = Siege(attack(), later)
    siege.go_on(30)
    waits = kept(lambda: log_in(alice), siege)
    assert len(waits) <= 1
    assert sum(waits) <= FIRST_TURN_S


def test_a_window_of_the_school_that_others_fill_leaves_everybody_a_turn(
    alice: User, quick: None, later: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "LOGINS_OF_SCHOOL", Window("logins", "school", 5, 60, "stricter", ""))
    for number in range(5):
        Guess(f"nobody-{number}", address=ELSEWHERE[0]).make()
    siege = Siege(invented_names(), later)
    assert kept(lambda: log_in(alice), siege) == [FIRST_TURN_S]


def test_turns_at_names_that_do_not_exist_take_none_from_others(
    alice: User, quick: None, later: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "TURNS_OF_SCHOOL", Window("turns", "school", 3, 60, "stricter", ""))
    siege = Siege(invented_names_who_keep_their_turns(), later)
    siege.go_on(30)
    assert kept(lambda: log_in(alice), siege) == [FIRST_TURN_S]


# --- guessing -----------------------------------------------------------------------------------------------------
def obedient(guesses: list[Guess], seconds: float, later: Callable[..., None]) -> int:
    """How many guesses are tried by one who comes back exactly when told, with each of ``guesses``."""
    due = dict.fromkeys(range(len(guesses)), 0.0)
    tried, now = 0, 0.0
    while now < seconds:
        for number, guess in enumerate(guesses):
            if due[number] <= now:
                told = guess.make().told
                tried += told is None
                due[number] = now + (told or 0)
        now += 0.5
        later(seconds=0.5)
    return tried


@pytest.mark.parametrize(
    ("guesses", "most"),
    [
        # At 0 s four, then after 1, 2, 4, 8, 16, 32 s, then once a minute.
        ([Guess("alice")], 13),
        ([Guess("alice", address=each) for each in ELSEWHERE], 2 * 13),
        # Fifty are free, then 1, 2, 4 … s. Beside those each login that has not failed has a turn, and that has once.
        ([Guess(f"nobody-{number}") for number in range(12)], 50 + 13),
        ([Guess(f"nobody-{number}") for number in range(60)], 50 + 13 + 10 + 60),
        ([Guess("alice", address=f"203.0.113.{number}") for number in range(12)], 20 + 13 + 12),
    ],
    ids=["one login", "from two addresses", "twelve logins", "sixty logins", "from twelve addresses"],
)
def test_guessing_in_turn_is_no_faster(
    guesses: list[Guess], most: int, alice: User, quick: None, later: Callable[..., None]
) -> None:
    assert obedient(guesses, 300, later) <= most


def test_at_a_login_that_others_press_each_failure_of_ones_own_makes_the_next_wait_four_times_as_long() -> None:
    waits = [turn_after(own, LONGEST_WAIT_S) for own in range(7)]
    assert waits == [FIRST_TURN_S, 60, 240] + [LONGEST_TURN_S] * 4
    # Where they let somebody in sooner, one who has not failed is told so.
    assert turn_after(0, 0.5) == 0.5


def test_the_script_and_the_process_know_the_same_turns(
    in_oak: Any, school_day: Any, later: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, shared = Delay("own", free=0, forgiven=True), Delay("shared", free=0, forgiven=False)

    def told() -> list[int]:
        waits = []
        for step in range(60):
            try:
                delays.begin({own: f"somebody-{step % 7}", shared: "everybody"}, tried="a guess")
                waits.append(0)
            except Throttled as wait:
                waits.append(wait.retry_after or 0)
            later(seconds=1.5)
        return waits

    by_redis = told()
    later(hours=1)
    turns.forget_here()

    def away(*_said: Any) -> Any:
        raise RedisCircuitOpen("away")

    monkeypatch.setattr(scripts, "run", away)
    assert told() == by_redis
    assert any(by_redis)


def test_a_turn_that_nobody_takes_is_lost(alice: User, quick: None, later: Callable[..., None]) -> None:
    siege = Siege(invented_names(), later)
    siege.go_on(60)
    assert Guess("alice", people.PASSWORD).make().told == FIRST_TURN_S
    siege.go_on(FIRST_TURN_S + turns.TURN_KEPT_S + 1)
    assert Guess("alice", people.PASSWORD).make().told == FIRST_TURN_S


def test_two_windows_let_through_together_what_one_did() -> None:
    assert LOGINS_OF_SCHOOL.most + TURNS_OF_SCHOOL.most == 600


# --- names ----------------------------------------------------------------------------------------------------------
def test_two_who_are_two_people_share_no_wait(
    in_oak: Any, school_day: Any, quick: None, later: Callable[..., None]
) -> None:
    """Twins by the fold, as there were before it, are two people: ß and SS, a final sigma."""
    for one, other in (("weiß", "WEISS"), ("οδος", "ΟΔΟΣ"), ("straße", "strasse")):
        first = people.a_user(one, role="teacher")
        User.objects.create(username=other, username_twin=1, password=first.password)
        for number in range(8):
            Guess(one, f"guess {number}").make()
        services.prove_identity(login=other, password=people.PASSWORD, address=HERE)


def test_one_who_is_one_person_waits_however_the_name_is_typed(in_oak: Any, school_day: Any, quick: None) -> None:
    people.a_user("Zoë", role="teacher")
    told = [Guess(typed, f"guess {typed}").make().told for typed in ("Zoë", "zoë", "ZOË", " zOË ", "zoË")]
    assert told == [None] * 4 + [1]


def test_waiting_does_not_tell_whose_an_address_is(alice: User, quick: None) -> None:
    for number in range(6):
        Guess("alice", f"guess {number}").make()
    with pytest.raises(LoginRefused):
        services.prove_identity(login="alice@oak.example", password="a guess", address=HERE)


# --- what a stranger's request changes --------------------------------------------------------------------------------
def test_a_stranger_who_guesses_links_changes_nothing(alice: User, erin: User) -> None:
    handed = services.invite(user=alice, by_mail=False, by=erin)
    assert handed is not None
    for number in range(30):
        with pytest.raises(LinkNotValid):
            services.redeem_link(token=f"so_i_oak_{number:043d}_000000", password="a new and rather long one")
    services.redeem_link(token=handed.token, password="a new and rather long one")
    assert OneTimeLink.objects.filter(used_at__isnull=True).count() == 0


def test_failures_at_the_password_asked_again_are_ones_own(alice: User, bob: User, quick: None) -> None:
    for number in range(8):
        with pytest.raises((PasswordWrong, Throttled, Invalid)):
            passwords.confirm_password(user=bob, password=f"guess {number}", address=HERE)
    confirm_the_password(alice)
    assert TokenFamily.objects.filter(user=alice, revoked_at__isnull=False).count() == 0
