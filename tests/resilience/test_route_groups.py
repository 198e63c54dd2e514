"""A report that the database cannot answer is refused after five times; the roll beside it never notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings
from psycopg_pool import PoolTimeout

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
    limits = route_groups.SERVER_LIMITS
    server = Breaker("database:test", counts=(route_groups.DatabaseFailed,), limits=limits, clock=clock)
    monkeypatch.setattr(route_groups, "server", server)

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
    """Group → state of its circuit, of the one school that a test is about."""
    return {group: breaker.state for (group, _), breaker in route_groups._breakers.items()}


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
    assert states() == {"reports": State.CLOSED}
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
    assert states() == {}


def test_what_one_school_waits_for_is_answered_at_another(
    at_school: Client, hand: Hand, elm: Any, client_for: Callable[[Any], Client]
) -> None:
    """Oak's report is over its time again and again; Elm's same report, with time enough, is there."""
    for _ in range(6):
        at_school.get("/report/5")
    assert at_school.get("/report/0").json()["code"] == "resilience:group-unavailable"
    with inside(elm), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    assert client_for(elm).get("/report/0").content == b"a report"
    assert states() == {"reports": State.OPEN}


def test_a_server_that_is_lost_refuses_everybody_and_one_answer_says_it_is_back(
    at_school: Client, hand: Hand, elm: Any, client_for: Callable[[Any], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = OperationalError()
    lost.__cause__ = psycopg.errors.AdminShutdown()

    def fails(execute: Any, *asked: Any) -> Any:
        if route_groups._watch.get() is None:
            # Which school it is was known.
            return execute(*asked)
        raise lost

    for number in range(5):
        with connection.execute_wrapper(fails):
            assert at_school.get("/roll" if number % 2 else "/report/5").status_code in {500, 503}
    assert route_groups.server.state is State.OPEN
    assert states() == {}, "it is nobody's own fault"
    refused = client_for(elm).get("/roll")
    assert (refused.status_code, refused.json()["code"]) == (503, "resilience:group-unavailable")
    hand.moment += 1
    assert client_for(elm).get("/roll").content == b"a roll"
    assert at_school.get("/roll").content == b"a roll"
    assert route_groups.server.state is State.CLOSED


@pytest.mark.parametrize(
    ("cause", "took_s", "whose"),
    [
        (psycopg.errors.QueryCanceled(), 0.0, "group"),
        (psycopg.errors.AdminShutdown(), 0.0, "server"),
        (psycopg.errors.TooManyConnections(), 0.0, "server"),
        (psycopg.errors.DiskFull(), 0.0, "server"),
        (psycopg.OperationalError("server closed the connection"), 0.0, "server"),
        (PoolTimeout("couldn't get a connection after 30 s"), 30.0, "group"),
        (psycopg.errors.LockNotAvailable(), 0.001, "nobody"),
        (psycopg.errors.LockNotAvailable(), 3.0, "group"),
        (psycopg.errors.DeadlockDetected(), 0.2, "nobody"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_failure_is_the_servers_or_this_groups_at_this_school(
    cause: psycopg.Error, took_s: float, whose: str
) -> None:
    failure = OperationalError()
    failure.__cause__ = cause
    server, group = route_groups.server_failed(failure), route_groups.group_failed(failure, took_s)
    assert ("server" if server else "group" if group else "nobody") == whose


def test_so_many_circuits_at_most_are_kept(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route_groups, "MOST_KEPT", 3)
    opened = route_groups.breaker_of(("reports", "oak"))
    for _ in range(5):
        opened.failed(None)
    for number in range(10):
        route_groups.breaker_of(("reports", f"school-{number}"))
    assert len(route_groups._breakers) <= 4
    assert route_groups.breaker_of(("reports", "oak")) is opened


def test_a_group_is_the_app_of_the_view(rf: Any) -> None:
    request = rf.get("/")
    request.resolver_match = None
    assert route_groups.group_of(request, RollViewSet.as_view({"get": "retrieve"})) == "attendance"
    assert route_groups.group_of(request, lambda _: None) == "tests"
