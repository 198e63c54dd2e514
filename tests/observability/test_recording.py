"""What is counted, where: requests, statements, Redis, breakers; and what a label may be."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from psycopg_pool import ConnectionPool

from apps.access.errors import PermissionMissing
from apps.access.services import require
from apps.accounts.errors import LoginRefused
from apps.accounts.models import User
from apps.accounts.services import hashing, log_in, refresh_tokens
from schoolops.context import inside, nowhere, outside_schools
from schoolops.health import gauges
from schoolops.observability import exposition, instruments, metrics, queries
from schoolops.redis.connection import CACHE, client
from schoolops.resilience import Breaker, Limits
from schoolops.tenancy.models import School
from tests.factories import people


def value(name: str, **labels: str) -> float:
    found = instruments.REGISTRY.get_sample_value(name, labels)
    return found or 0.0


def scraped() -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(exposition.scrape().decode())}


@pytest.mark.urls("tests.tenancy.urls")
def test_a_request_is_counted_for_its_school_and_timed_for_its_route(db: None, oak: School) -> None:
    counted = value("schoolops_http_requests_total", tenant="oak", status="2xx")
    timed = value("schoolops_http_latency_seconds_count", route="/where", method="GET")
    Client(headers={"host": "oak.localhost"}).get("/where")
    assert value("schoolops_http_requests_total", tenant="oak", status="2xx") == counted + 1
    assert value("schoolops_http_latency_seconds_count", route="/where", method="GET") == timed + 1


def test_addresses_and_methods_that_strangers_make_up_are_no_labels(db: None, oak: School) -> None:
    browser = Client(headers={"host": "oak.localhost"})
    before = value("schoolops_http_latency_seconds_count", route="unmatched", method="other")
    for number in range(3):
        browser.generic(f"MADE{number}", f"/made/up/{number}")
    assert value("schoolops_http_latency_seconds_count", route="unmatched", method="other") == before + 3


def test_more_schools_than_two_hundred_share_a_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments, "_schools", set())
    labels = {instruments.school_label(f"school-{number}") for number in range(300)}
    assert len(labels) == instruments.MOST_SCHOOLS + 1
    assert instruments.school_label("school-0") == "school-0"
    assert instruments.school_label("school-299") == "other"
    assert instruments.school_label(None) == "none"


def test_every_statement_is_timed(in_oak: School) -> None:
    before = value("schoolops_db_query_latency_seconds_count")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT 2")
    assert value("schoolops_db_query_latency_seconds_count") == before + 2
    assert connection.execute_wrappers.count(queries.timed) == 1


def test_a_slow_statement_is_logged_without_what_it_asked_for(
    db: None, oak: School, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SLOW_S", 0.0)
    before = value("schoolops_db_slow_queries_total")
    with caplog.at_level(logging.WARNING, "schoolops.slow_queries"), inside(oak), connection.cursor() as cursor:
        cursor.execute("SELECT %s::text", ["Carol's secret"])
    (line,) = [each for each in caplog.records if each.name == "schoolops.slow_queries"]
    assert "SELECT %s::text" in line.__dict__["facts"]["sql"]
    assert "secret" not in str(line.__dict__)
    assert value("schoolops_db_slow_queries_total") == before + 1


def test_a_command_to_redis_is_timed_and_a_lost_connection_counted() -> None:
    timed = value("schoolops_redis_latency_seconds_count")
    lost = value("schoolops_redis_disconnects_total")
    mine = client(CACHE)
    mine.ping()
    assert value("schoolops_redis_latency_seconds_count") == timed + 1
    mine.connection_pool.disconnect()
    assert value("schoolops_redis_disconnects_total") > lost


def test_a_breaker_that_opens_is_seen() -> None:
    def fail() -> None:
        raise ConnectionError

    opened = Breaker("test:seen", counts=(ConnectionError,), limits=Limits(failures=1))
    with pytest.raises(ConnectionError):
        opened.call(fail)
    assert value("schoolops_breaker_open", breaker="test:seen") == 1
    assert value("schoolops_breaker_changes_total", breaker="test:seen", state="open") == 1
    opened.reset()
    assert value("schoolops_breaker_open", breaker="test:seen") == 0


def test_a_pool_says_what_is_in_use_idle_and_waited_for(db: None) -> None:
    settings = connections["default"].settings_dict
    named = {"dbname": settings["NAME"], "user": settings["USER"], "password": settings["PASSWORD"]}
    placed = {"host": settings["HOST"], "port": settings["PORT"]}
    with ConnectionPool(kwargs=named | placed, min_size=1, max_size=1, open=True) as pool:
        pool.wait(60)
        assert gauges.pool_states(pool) == {"in_use": 0, "idle": 1, "waiting": 0}

        def ask() -> None:
            with pool.connection(60):
                pass

        asking = threading.Thread(target=ask)
        with pool.connection():
            asking.start()
            while not pool.get_stats()["requests_waiting"]:
                threading.Event().wait(0.01)
            assert gauges.pool_states(pool) == {"in_use": 1, "idle": 0, "waiting": 1}
        asking.join()


def test_without_a_pool_nothing_is_in_it() -> None:
    gauges.of_this_process()
    assert [value("schoolops_db_pool", state=state) for state in ("in_use", "idle", "waiting")] == [0, 0, 0]


def test_a_scrape_has_every_declared_metric_under_its_name(real_commits: None) -> None:
    found = scraped()
    for metric in instruments.table():
        name = metric.exported.removesuffix("_total")
        assert name in found, metric.name
        assert found[name].documentation == metric.sentence
    with outside_schools():
        assert found["schoolops_db_connections_most"].samples[0].value > 0
    assert 0 < found["schoolops_machine_memory_used_ratio"].samples[0].value <= 1
    assert 0 < found["schoolops_machine_disk_used_ratio"].samples[0].value <= 1
    assert {sample.labels["queue"] for sample in found["schoolops_jobs_waiting"].samples} >= {"attendance"}


def test_a_metric_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        instruments.Metric(name=metrics.AUTH_LATENCY.name, sentence="Again.", kind="counter")


def test_a_refused_login_is_counted_for_its_school_and_timed(in_oak: School) -> None:
    failures = value("schoolops_auth_login_failures_total", tenant="oak")
    timed = value("schoolops_auth_latency_seconds_count")
    with pytest.raises(LoginRefused):
        log_in(login="nobody", password="guess", address="192.0.2.9")
    assert value("schoolops_auth_login_failures_total", tenant="oak") == failures + 1
    assert value("schoolops_auth_latency_seconds_count") == timed + 1


def test_a_login_is_timed_until_it_is_open_and_so_is_its_renewal(
    in_oak: School, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 0.0

    def takes_long(execute: Callable[..., Any], *said: Any) -> Any:
        nonlocal moment
        moment += 1.25
        return execute(*said)

    monkeypatch.setattr(instruments, "time", SimpleNamespace(perf_counter=lambda: moment))
    timed, took = value("schoolops_auth_latency_seconds_count"), value("schoolops_auth_latency_seconds_sum")
    with connection.execute_wrapper(takes_long):
        issued = log_in(login="bob", password=people.PASSWORD, address="192.0.2.9")
    # Who they are is one statement, and opening it the other.
    assert value("schoolops_auth_latency_seconds_sum") == pytest.approx(took + 2.5)
    assert value("schoolops_auth_latency_seconds_count") == timed + 1
    refresh_tokens(refresh_token=issued.refresh_token)
    assert value("schoolops_auth_latency_seconds_count") == timed + 2


def test_whoever_comes_in_by_the_page_is_timed_and_who_is_told_to_come_again_is_not(
    in_oak: School, client_for: Callable[[School], Client], alice: User
) -> None:
    timed = value("schoolops_auth_latency_seconds_count")
    said = {"login": "alice", "password": people.PASSWORD}
    room = hashing.slots()
    with nowhere(), room.admitted(), room.admitted():
        assert client_for(in_oak).post("/office/login/", said).status_code == 503
    assert value("schoolops_auth_latency_seconds_count") == timed
    with nowhere():
        assert client_for(in_oak).post("/office/login/", said).status_code == 302
    assert value("schoolops_auth_latency_seconds_count") == timed + 1


def test_a_denied_action_is_counted_and_finding_out_what_one_may_do_is_timed(alice: User, carol: User) -> None:
    denied = value("schoolops_rbac_deny_count_total", tenant="oak")
    timed = value("schoolops_rbac_resolution_latency_seconds_count")
    with pytest.raises(PermissionMissing):
        require(carol, "attendance.lock")
    assert value("schoolops_rbac_deny_count_total", tenant="oak") == denied + 1
    assert value("schoolops_rbac_resolution_latency_seconds_count") == timed + 1


def test_a_gauge_that_hangs_is_left_out_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    released, asked = threading.Event(), []

    def hangs() -> Iterator[instruments.Reading]:
        asked.append(1)
        released.wait(60)
        yield metrics.DISK, (), 0.5

    def answers() -> Iterator[instruments.Reading]:
        yield metrics.MEMORY, (), 0.25

    monkeypatch.setattr(instruments, "_readers", {"hangs": hangs, "answers": answers})
    monkeypatch.setattr(instruments, "_running", {})
    monkeypatch.setattr(instruments, "BUDGET_S", 0.2)
    for _ in range(3):
        assert instruments.readings() == [(metrics.MEMORY, (), 0.25)]
    assert len(asked) == 1
    released.set()
