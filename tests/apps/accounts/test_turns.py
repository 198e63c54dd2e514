"""Whoever was told to wait and keeps it gets in, whatever others try meanwhile; and guessing is no faster for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.accounts import services
from apps.accounts.errors import CodeRequired, LinkNotValid, LoginRefused, PasswordWrong
from apps.accounts.models import OneTimeLink, TokenFamily, User
from apps.accounts.services import hashing, passwords, second_factor
from schoolops.errors import Invalid, Throttled, Unauthenticated
from schoolops.ratelimit import delays, scripts, turns
from schoolops.ratelimit.turns import FIRST_TURN_S, LONGEST_TURN_S, LONGEST_WAIT_S, Delay, turn_after
from schoolops.ratelimit.windows import LOGINS_OF_SCHOOL, TURNS_OF_SCHOOL, Window
from schoolops.redis.connection import RedisCircuitOpen
from tests.factories import people

HERE = "192.0.2.1"
ELSEWHERE = ("198.51.100.7", "198.51.100.8")
STEP_S = 0.1


@dataclass
class Guess:
    """One attempt of a stranger. ``told`` afterwards: the seconds to wait, or ``None`` where it was tried."""

    login: str
    password: str = "a guess"
    address: str = HERE
    code: str = ""
    told: int | None = field(default=None)

    def make(self) -> Guess:
        try:
            services.prove_identity(login=self.login, password=self.password, code=self.code, address=self.address)
        except Throttled as wait:
            self.told = wait.retry_after
        except Unauthenticated:
            self.told = None
        return self


def invented_names() -> Iterator[Guess]:
    return (Guess(f"nobody-{number}") for number in itertools.count())


def invented_names_who_keep_their_turns() -> Iterator[Guess]:
    """Each name comes back when it was told to, so that every turn of an address is taken that can be."""
    told: list[tuple[float, Guess]] = []
    for step in itertools.count():
        now = step * STEP_S
        due = [each for each in told if each[0] <= now]
        guess = due[0][1] if due else Guess(f"nobody-{step}")
        if due:
            told.remove(due[0])
        yield guess
        if guess.told:
            told.append((now + guess.told, guess))


def the_login_from_two_other_addresses() -> Iterator[Guess]:
    return (Guess("alice", f"guess {number}", ELSEWHERE[number % 2]) for number in itertools.count())


def the_login_from_the_same_address() -> Iterator[Guess]:
    return (Guess("alice", f"guess {number}") for number in itertools.count())


def the_login_from_the_same_address_with_one_password() -> Iterator[Guess]:
    return itertools.repeat(Guess("alice"))


def the_login_in_another_spelling() -> Iterator[Guess]:
    spellings = itertools.cycle(["ALICE", " alice ", "Alice", "alice@oak.example"])
    return (Guess(spelling, f"guess {number}", ELSEWHERE[0]) for number, spelling in enumerate(spellings))


def the_password_is_known_and_codes_are_guessed() -> Iterator[Guess]:
    return (Guess("alice", people.PASSWORD, ELSEWHERE[0], f"{number:06d}") for number in itertools.count())


def everything_at_once() -> Iterator[Guess]:
    each = [invented_names(), the_login_from_two_other_addresses(), the_login_from_the_same_address()]
    return (next(attack) for attack in itertools.cycle(each))


ATTACKS = [
    invented_names,
    invented_names_who_keep_their_turns,
    the_login_from_two_other_addresses,
    the_login_from_the_same_address,
    the_login_from_the_same_address_with_one_password,
    the_login_in_another_spelling,
    the_password_is_known_and_codes_are_guessed,
    everything_at_once,
]
# Only strangers who type the very login at the very address share its own waits, which end within a minute.
AT_THE_SAME_DOOR = {
    the_login_from_the_same_address,
    the_login_from_the_same_address_with_one_password,
    everything_at_once,
}


def log_in(alice: User) -> None:
    services.prove_identity(login="alice", password=people.PASSWORD, address=HERE)


def log_in_by_email(alice: User) -> None:
    services.prove_identity(login="Alice@Oak.example", password=people.PASSWORD, address=HERE)


def log_in_with_a_recovery_code(alice: User) -> None:
    TOTPDevice.objects.get_or_create(user=alice, confirmed=True)
    device, made = StaticDevice.objects.get_or_create(user=alice, name="recovery codes")
    if made:
        StaticToken.objects.create(device=device, token=second_factor._stored("ABCD-EFGH"))
    with pytest.raises(CodeRequired):
        services.prove_identity(login="alice", password=people.PASSWORD, address=HERE)
    # Asked for the code, one need not wait once more.
    services.prove_identity(login="alice", password=people.PASSWORD, code="ABCD-EFGH", address=HERE)


def confirm_the_password(alice: User) -> None:
    passwords.confirm_password(user=alice, password=people.PASSWORD, address=HERE)


def ask_for_a_link(alice: User) -> None:
    services.forget_password(login="alice", address=HERE)


PAYERS = [log_in, log_in_by_email, log_in_with_a_recovery_code, confirm_the_password, ask_for_a_link]


@pytest.fixture
def alice(alice: User) -> User:
    alice.email = "alice@oak.example"
    alice.save(update_fields=["email"])
    return alice


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are compared without the hash, for thousands of them."""

    def is_password_of(user: User | None, password: str) -> bool:
        return user is not None and password == people.PASSWORD

    monkeypatch.setattr(hashing, "is_password_of", is_password_of)


@pytest.fixture(autouse=True)
def _limits_as_they_run(settings: Any) -> None:
    settings.RATE_LIMIT_FACTOR = 1


class Siege:
    """Strangers who try every tenth of a second."""

    def __init__(self, attack: Iterator[Guess], later: Callable[..., None]) -> None:
        self._attack = attack
        self._later = later
        self.tried = 0

    def go_on(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.tried += next(self._attack).make().told is None
            self._later(seconds=STEP_S)


def kept(act: Callable[[], None], siege: Siege) -> list[int]:
    """The waits somebody is told who keeps each of them, until ``act`` is done."""
    waits: list[int] = []
    for _ in range(5):
        try:
            act()
        except Throttled as wait:
            waits.append(wait.retry_after or 0)
            siege.go_on(waits[-1])
        else:
            return waits
    raise AssertionError(f"not in after {waits}")


@pytest.mark.parametrize("payer", PAYERS, ids=lambda payer: payer.__name__)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_who_keeps_the_wait_gets_in_whatever_others_try(
    attack: Callable[[], Iterator[Guess]],
    payer: Callable[[User], None],
    alice: User,
    quick: None,
    later: Callable[..., None],
) -> None:
    siege = Siege(attack(), later)
    siege.go_on(75)
    waits = kept(lambda: payer(alice), siege)
    # What was told was true: one wait at most.
    assert len(waits) <= 1
    assert sum(waits) <= (LONGEST_WAIT_S if attack in AT_THE_SAME_DOOR else FIRST_TURN_S)


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
                delays.begin({own: f"somebody-{step % 7}", shared: "everybody"}, said="a guess")
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
    """What the database holds apart, no waiting joins: ß and SS, a final sigma."""
    for one, other in (("weiß", "WEISS"), ("οδος", "ΟΔΟΣ"), ("straße", "strasse")):
        for username in (one, other):
            people.a_user(username, role="teacher")
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
