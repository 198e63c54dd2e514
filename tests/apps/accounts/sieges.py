"""Strangers who try every tenth of a second, and somebody who keeps the wait they are told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from apps.accounts import services
from apps.accounts.models import User
from apps.accounts.services import passwords
from schoolops.errors import Throttled, Unauthenticated
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


def is_password_of(user: User | None, password: str) -> bool:
    """Passwords are compared without the hash, for thousands of them."""
    return user is not None and password == people.PASSWORD


def log_in(alice: User) -> None:
    services.prove_identity(login="alice", password=people.PASSWORD, address=HERE)


def confirm_the_password(alice: User) -> None:
    passwords.confirm_password(user=alice, password=people.PASSWORD, address=HERE)


class Siege:
    """Strangers who try every tenth of a second. ``told``: what each was."""

    def __init__(self, attack: Iterator[Guess], later: Callable[..., None]) -> None:
        self._attack = attack
        self._later = later
        self.told: list[int | None] = []

    def go_on(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.told.append(next(self._attack).make().told)
            self._later(seconds=STEP_S)

    @classmethod
    def resumed(cls, attack: Iterator[Guess], told: list[int | None], later: Callable[..., None]) -> Siege:
        """One that was told this already: the strangers know it, and nothing is tried again."""
        for each in told:
            next(attack).told = each
        return cls(attack, later)


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
