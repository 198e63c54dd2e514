"""A report that the database cannot answer is refused after five times; the roll beside it never notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings

from apps.attendance.api.views.rolls import RollViewSet
from schoolops.context import inside
from schoolops.resilience import route_groups
from schoolops.resilience.breaker import Breaker, State

WINDOW_S = 30.0


class Hand:
    def __init__(self) -> None:
        self.moment = 5000.0

    def __call__(self) -> float:
        return self.moment


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    """The clock of all circuits that this test makes."""
    clock = Hand()
    monkeypatch.setattr(route_groups, "_breakers", {})

    def made(name: str, **more: Any) -> Breaker:
        return Breaker(f"{name}:test", **more, clock=clock)

    monkeypatch.setattr(route_groups, "Breaker", made)
    with override_settings(ROOT_URLCONF="tests.resilience.urls"):
        yield clock


@pytest.fixture
def at_school(hand: Hand, fresh_school: Callable[..., Any], client_for: Callable[[Any], Client]) -> Client:
    """A browser at a school whose statements may take 20 ms."""
    school = fresh_school()
    with inside(school), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '20ms'")
    return client_for(school)


def states() -> dict[str, State]:
    return {name: breaker.state for name, breaker in route_groups._breakers.items()}


def test_five_timeouts_close_that_group_alone_and_one_probe_opens_it_again(at_school: Client, hand: Hand) -> None:
    for _ in range(5):
        # One strike, although two statements of it were cancelled.
        failed = at_school.get("/report/5")
        assert failed.status_code == 503
        assert failed.json()["code"] == "schoolops:unavailable"
    assert states() == {"reports": State.OPEN}

    refused = at_school.get("/report/0")
    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "resilience:group-unavailable"
    assert refused.headers["Retry-After"] == "5"
    assert at_school.get("/roll").content == b"a roll"

    hand.moment += 5
    assert at_school.get("/report/5").json()["code"] == "schoolops:unavailable"
    assert at_school.get("/report/0").headers["Retry-After"] == "10"
    hand.moment += 10
    assert at_school.get("/report/0").content == b"a report"
    assert states() == {"reports": State.CLOSED, "attendance": State.CLOSED}
    assert at_school.get("/report/0").status_code == 200


def test_failures_further_apart_than_half_a_minute_are_bad_luck(at_school: Client, hand: Hand) -> None:
    for _ in range(12):
        at_school.get("/report/5")
        hand.moment += 8
    assert states() == {"reports": State.CLOSED}


def test_what_was_refused_for_good_reason_is_no_failure_of_the_database(at_school: Client, hand: Hand) -> None:
    for _ in range(6):
        assert at_school.get("/nowhere").status_code == 404
        assert at_school.get("/api/v1/me").status_code == 401
    assert set(states().values()) == {State.CLOSED}


@pytest.mark.parametrize(
    ("cause", "took_s", "counts"),
    [
        (psycopg.errors.QueryCanceled(), 0.0, True),
        (psycopg.errors.AdminShutdown(), 0.0, True),
        (psycopg.errors.TooManyConnections(), 0.0, True),
        (psycopg.OperationalError("server closed the connection"), 0.0, True),
        (psycopg.errors.LockNotAvailable(), 0.001, False),
        (psycopg.errors.LockNotAvailable(), 3.0, True),
        (psycopg.errors.DeadlockDetected(), 0.2, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_lock_that_somebody_holds_counts_when_it_was_waited_for(
    cause: psycopg.Error, took_s: float, counts: bool
) -> None:
    failure = OperationalError()
    failure.__cause__ = cause
    assert route_groups.is_failure(failure, took_s) is counts


def test_a_group_is_the_app_of_the_view(rf: Any) -> None:
    request = rf.get("/")
    request.resolver_match = None
    assert route_groups.group_of(request, RollViewSet.as_view({"get": "retrieve"})) == "attendance"
    assert route_groups.group_of(request, lambda _: None) == "tests"
