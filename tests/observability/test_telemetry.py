"""Percentiles over all processes: handed on through Redis, kept while it is away, counted once."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client, override_settings

from schoolops.health import monitoring
from schoolops.observability import telemetry
from schoolops.observability.percentiles import WINDOW_S, bucket_of, summary
from schoolops.redis.connection import patient_redis
from schoolops.redis.telemetry import PREFIX, Buffer


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    """Nothing counted yet, here or in Redis."""
    before = telemetry._sink

    def forget() -> None:
        telemetry._rolling.clear()
        monitoring.forget()
        server = patient_redis(settings.REDIS_URL)
        for key in server.scan_iter(f"{PREFIX}:*"):
            server.delete(key)
        server.close()

    forget()
    telemetry.use(Buffer())
    yield
    forget()
    telemetry._sink = before


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    """A URL at which nobody answers."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{bound.getsockname()[1]}/0"


@pytest.fixture
def hung() -> Iterator[str]:
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


def another_process_saw(name: str, *milliseconds: float) -> None:
    number = int(telemetry.wall_clock() // 10)
    Buffer().send({name: [(number, Counter(bucket_of(each) for each in milliseconds))]})


def test_what_several_processes_saw_is_added_up() -> None:
    another_process_saw("auth.latency", *[10.0] * 98)
    telemetry.took("auth.latency", 2500)
    assert telemetry.hand_on() is True
    telemetry.took("auth.latency", 3000)
    counted, scope = telemetry.window(["auth.latency"], WINDOW_S)
    assert scope == "installation"
    seen = summary(counted["auth.latency"])
    assert seen["count"] == 100
    assert seen["p50"] == pytest.approx(10, rel=0.01)
    assert seen["p99"] == pytest.approx(2500, rel=0.01)


def test_what_was_handed_on_is_not_handed_on_again() -> None:
    telemetry.took("auth.latency", 10)
    telemetry.hand_on()
    telemetry.hand_on()
    counted, _ = telemetry.window(["auth.latency"], WINDOW_S)
    assert counted["auth.latency"].total() == 1


def test_without_redis_counts_are_kept_and_this_process_answers_for_itself(nobody_listens: str) -> None:
    another_process_saw("auth.latency", 10.0)
    telemetry.use(Buffer(nobody_listens))
    telemetry.took("auth.latency", 20)
    assert telemetry.hand_on() is False
    counted, scope = telemetry.window(["auth.latency"], WINDOW_S)
    assert (scope, counted["auth.latency"].total()) == ("process", 1)
    telemetry.use(Buffer())
    assert telemetry.hand_on() is True
    counted, scope = telemetry.window(["auth.latency"], WINDOW_S)
    assert (scope, counted["auth.latency"].total()) == ("installation", 2)


def test_a_server_that_hangs_is_not_sent_what_it_would_count_when_it_wakes(hung: str) -> None:
    telemetry.use(Buffer(hung))
    telemetry.took("auth.latency", 20)
    assert telemetry.hand_on() is False
    # And that it hung is what the latency of Redis says.
    assert telemetry.rolling("redis.latency").recent().total() >= 1
    assert max(telemetry.rolling("redis.latency").recent()) > bucket_of(200)
    telemetry.use(Buffer())
    assert telemetry.hand_on() is True


def test_a_counter_is_counted_for_every_process_too() -> None:
    telemetry.counted("auth.login_failures", 3)
    telemetry.hand_on()
    telemetry.counted("auth.login_failures", 2)
    counted, _ = telemetry.window(["auth.login_failures"], 60)
    assert counted["auth.login_failures"].total() == 5


def test_people_read_percentiles_at_health_metrics() -> None:
    another_process_saw("http.latency", *[50.0] * 10)
    body = Client(headers={"host": "whatever.example"}).get("/health/metrics").json()
    assert (body["scope"], body["windowSeconds"]) == ("installation", 300)
    assert body["latencies"]["http.latency"]["p95"] == pytest.approx(50, rel=0.01)
    assert body["latencies"]["rbac.resolution_latency"] == {"count": 0, "p50": None, "p95": None, "p99": None}


@pytest.mark.parametrize("path", ["/metrics", "/health/metrics", "/health/queues"])
def test_in_production_figures_are_for_monitoring(path: str, real_commits: None) -> None:
    with override_settings(PLATFORM_TOKEN="t" * 40):
        assert Client().get(path).status_code == 401
        assert Client(headers={"authorization": "Bearer " + "x" * 40}).get(path).status_code == 401
        assert Client(headers={"authorization": "Bearer " + "t" * 40}).get(path).status_code in {200, 503}
