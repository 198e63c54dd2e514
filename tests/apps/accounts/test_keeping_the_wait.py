"""Whoever was told to wait and keeps it gets in, whatever others have tried for a minute and try meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.accounts import services
from apps.accounts.errors import CodeRequired
from apps.accounts.models import User
from apps.accounts.services import hashing, second_factor
from schoolops import clock
from schoolops.context import inside
from schoolops.ratelimit.turns import FIRST_TURN_S, LONGEST_WAIT_S
from schoolops.tenancy.models import School
from tests.apps.accounts.sieges import (
    AT_THE_SAME_DOOR,
    ATTACKS,
    HERE,
    Guess,
    Siege,
    confirm_the_password,
    is_password_of,
    kept,
    log_in,
)
from tests.factories import people
from tests.factories.clocks import Hands
from tests.support.counted import Counted, count_again, forget_what_was_counted, what_was_counted


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


def ask_for_a_link(alice: User) -> None:
    services.forget_password(login="alice", address=HERE)


PAYERS = [log_in, log_in_by_email, log_in_with_a_recovery_code, confirm_the_password, ask_for_a_link]


@dataclass(frozen=True, slots=True)
class Pressed:
    """Alice's school when strangers have tried for 75 s: the moment, what they were told, what was counted."""

    oak: School
    alice: User
    attack: Callable[[], Iterator[Guess]]
    moment: dt.datetime
    told: list[int | None]
    counted: Counted


@pytest.fixture(scope="module", params=ATTACKS, ids=lambda attack: attack.__name__)
def pressed(request: pytest.FixtureRequest, _schools: dict[str, School], django_db_blocker: Any) -> Iterator[Pressed]:
    """Attacked once for all who want to get in, in one transaction that is undone afterwards."""
    oak, hands = _schools["oak"], Hands()
    with (
        django_db_blocker.unblock(),
        override_settings(RATE_LIMIT_FACTOR=1),
        pytest.MonkeyPatch.context() as patched,
        transaction.atomic(),
    ):
        patched.setattr(hashing, "is_password_of", is_password_of)
        with inside(oak), clock.frozen(hands.moment):
            people.a_school_year()
            alice = people.a_user("alice", role="head")
            alice.email = "alice@oak.example"
            alice.save(update_fields=["email"])
            forget_what_was_counted()
            siege = Siege(request.param(), hands.move)
            siege.go_on(75)
            hands.let_go()
        yield Pressed(oak, alice, request.param, hands.moment, siege.told, what_was_counted())
        transaction.set_rollback(True)


@pytest.mark.parametrize("payer", PAYERS, ids=lambda payer: payer.__name__)
def test_who_keeps_the_wait_gets_in_whatever_others_try(pressed: Pressed, payer: Callable[[User], None]) -> None:
    hands = Hands(pressed.moment)
    with inside(pressed.oak), clock.frozen(hands.moment), transaction.atomic():
        count_again(pressed.counted)
        siege = Siege.resumed(pressed.attack(), pressed.told, hands.move)
        alice = User.objects.get(pk=pressed.alice.pk)
        waits = kept(lambda: payer(alice), siege)
        hands.let_go()
        transaction.set_rollback(True)
    # What was told was true: one wait at most.
    assert len(waits) <= 1
    assert sum(waits) <= (LONGEST_WAIT_S if pressed.attack in AT_THE_SAME_DOOR else FIRST_TURN_S)
    # And the strangers had been there: who logs in where they try the same waits.
    assert waits or payer is not log_in or pressed.attack not in AT_THE_SAME_DOOR
