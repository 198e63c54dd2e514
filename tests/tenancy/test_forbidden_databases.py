"""A database that cannot keep schools apart, or takes no writes, is named before anything runs on it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings

from apps.accounts.models import User
from config import serve
from config.env import Environment
from schoolops.context import inside, nowhere
from schoolops.health import doctor
from schoolops.tenancy import boot, direct
from schoolops.tenancy.backend.base import DatabaseWrapper
from schoolops.tenancy.checks import the_wall_can_stand
from schoolops.tenancy.errors import SharedBackend
from schoolops.tenancy.models import School
from tests.factories import people


class Pooled:
    """A connection through a pooler in transaction mode, or in statement mode, which refuses transactions: each
    statement is answered by whichever backend is free."""

    def __init__(self, backends: Iterator[psycopg.Connection[Any]]) -> None:
        self.backends = backends

    def execute(self, *asked: Any) -> Any:
        return next(self.backends).execute(*asked)

    def __enter__(self) -> Pooled:
        return self

    def __exit__(self, *anything: object) -> None:
        pass


@pytest.fixture(params=["the one that was free last", "each in turn"])
def pooler(request: pytest.FixtureRequest, real_commits: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    connect = direct.connect
    behind = [connect("a test") for _ in range(1 if "last" in request.param else 3)]
    backends = itertools.cycle(behind)
    monkeypatch.setattr(direct, "connect", lambda *_, **__: Pooled(backends))
    yield
    for each in behind:
        each.close()


def test_a_pooler_that_shares_backends_is_an_error_of_check_and_doctor(pooler: None) -> None:
    assert [message.id for message in the_wall_can_stand(databases=["default"])] == ["tenancy.E006", "tenancy.E006"]
    lines = list(doctor.EXAMINATIONS["database"]())
    assert [(line.colour, "pooler" in line.what) for line in lines] == [("red", True), ("red", True)]
    for line, url in zip(lines, ("DATABASE_URL", "DATABASE_ADMIN_URL"), strict=True):
        assert f"{url} lead to PostgreSQL itself" in line.remedy


def test_production_does_not_start_behind_one(
    pooler: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with override_settings(REFUSE_FORBIDDEN_DATABASE=True), pytest.raises(SystemExit) as ended:
        boot.refuse_to_start()
    assert ended.value.code == os.EX_CONFIG
    assert "does not start" in capsys.readouterr().err
    monkeypatch.setattr(serve.importlib, "import_module", lambda _: None)
    monkeypatch.setattr(serve.boot, "check", lambda _: [])
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", serve.PRODUCTION)
    assert "pooler" in str(serve.refusal(Environment()))


def test_our_own_server_passes_and_one_that_is_away_ends_nobody(
    real_commits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert boot.examine() == []
    assert boot.refusal() is None

    def away(*asked: Any, **more: Any) -> Any:
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(direct, "connect", away)
    assert boot.refusal() is None


def test_a_server_that_takes_no_writes_and_a_clock_that_differs_are_named(
    real_commits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = direct.connect

    def read_only(*asked: Any, **more: Any) -> Any:
        made = connect(*asked, **more)
        made.execute("SET default_transaction_read_only = on")
        return made

    monkeypatch.setattr(direct, "connect", read_only)
    assert "takes no writes" in str(boot.refusal())
    monkeypatch.setattr(direct, "connect", connect)
    now = boot.machine_time()
    for minutes, fatal in ((0.5, False), (30, True)):
        monkeypatch.setattr(boot, "machine_time", lambda ahead=minutes: now + 60 * ahead)
        [finding] = boot.examine()
        assert ("clock" in finding.sentence, finding.fatal) == (True, fatal)


def test_the_provisioning_logins_own_way_is_looked_at_as_well(
    real_commits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It alone leads to a replica, or to another database than the one that is served."""
    assert boot.examine_all() == []
    connect = direct.connect

    def otherwise(*asked: Any, alias: str = "default", **more: Any) -> Any:
        made = connect(*asked, alias=alias, **more)
        if alias == "admin":
            made.execute("SET default_transaction_read_only = on")
        return made

    with monkeypatch.context() as demoted:
        demoted.setattr(direct, "connect", otherwise)
        assert [finding.remedy for finding in boot.examine_all()] == ["Let DATABASE_ADMIN_URL lead to the primary."]
        assert boot.refusal() is None, "what serves does not need it"
    elsewhere = settings.DATABASES["admin"] | {"NAME": "postgres"}
    monkeypatch.setitem(settings.DATABASES, "admin", elsewhere)
    assert boot.examine_all() == [boot.ELSEWHERE]
    assert "tenancy.E006" in [message.id for message in the_wall_can_stand(databases=["default"])]


@pytest.fixture
def guarded(real_commits: None) -> Iterator[None]:
    yield
    DatabaseWrapper.shared = False
    connection.close()


def test_a_connection_whose_backend_changes_ends_all_reading_of_this_process(
    guarded: None, oak: School, elm: School
) -> None:
    """As behind a pooler: what was set for Oak is asked of a backend that stands elsewhere."""
    with inside(oak), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        connection.connection._backend -= 1
    for school in (elm, oak):
        with inside(school), pytest.raises(SharedBackend), connection.cursor() as cursor:
            cursor.execute("SELECT 1")


def test_a_kept_connection_is_looked_at_before_a_request_uses_it(
    guarded: None, oak: School, client_for: Callable[[Any], Client]
) -> None:
    with inside(oak), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert connection.is_usable()
    connection.connection._backend -= 1
    with pytest.raises(SharedBackend):
        connection.is_usable()
    login = {"login": "alice", "password": "whatever it is"}
    answer = client_for(oak).post("/api/v1/auth/login", login, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "tenancy:shared-backend")


@pytest.mark.parametrize("address", ["/api/v1/auth/login", "/office/login/"])
def test_a_write_to_a_database_that_has_become_a_replica_is_an_outage_and_no_error_of_ours(
    alice: User, client_for: Callable[[Any], Client], oak: School, address: str
) -> None:
    """After a failover that DATABASE_URL has not followed: it goes on to be read."""
    said = {"login": "alice", "username": "alice", "password": people.PASSWORD}
    # What the test itself wrote is looked at while that may still lock a row.
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
    kind = "application/json" if "api" in address else "application/x-www-form-urlencoded"
    body: Any = said if "api" in address else urlencode(said)
    with nowhere():
        answer = client_for(oak).post(address, body, content_type=kind)
    assert answer.status_code == 503
