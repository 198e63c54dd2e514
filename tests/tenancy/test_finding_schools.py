"""Host names are remembered, and forgotten everywhere as soon as a school changes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from config.env import BASE_DIR
from schoolops.context import outside_schools
from schoolops.redis import connection
from schoolops.redis.connection import platform_redis
from schoolops.tenancy import lifecycle, resolution
from schoolops.tenancy.models import School

# The promise is one second; a machine with better things to do gets this many.
PATIENCE_S = 30


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Redis does not answer: nothing listens on this port."""
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    platform_redis.cache_clear()
    resolution.forget_here()
    yield
    monkeypatch.undo()
    platform_redis.cache_clear()
    resolution.forget_here()


def test_a_known_host_costs_no_query(db: None, oak: School, query_count: Any) -> None:
    with query_count(1):
        assert resolution.school_at("oak.localhost") == oak
    with query_count(0):
        assert resolution.school_at("oak.localhost") == oak


def test_an_unknown_host_is_remembered_too(db: None, query_count: Any) -> None:
    with query_count(1):
        assert resolution.school_at("nobody.localhost") is None
        assert resolution.school_at("nobody.localhost") is None


@pytest.mark.parametrize(
    ("tls", "port", "address"),
    [
        (False, 8123, "http://oak.localhost:8123"),
        (False, 80, "http://oak.localhost"),
        (True, 8000, "https://oak.localhost"),
    ],
)
def test_an_address_names_the_port_where_nobody_stands_in_front(
    db: None, oak: School, monkeypatch: pytest.MonkeyPatch, *, tls: bool, port: int, address: str
) -> None:
    monkeypatch.setattr(settings, "SECURE_SSL_REDIRECT", tls)
    monkeypatch.setattr(settings, "PORT", port)
    assert resolution.web_address(oak) == address
    assert resolution.web_address(None) == address.replace("oak.", "")


def test_strangers_cannot_fill_the_memory(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "MOST_REMEMBERED", 10)
    for number in range(35):
        resolution.school_at(f"stranger-{number}.localhost")
    assert len(resolution._hosts) <= 10


def test_a_suspension_reaches_another_process(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()
    host = f"{school.slug}.localhost"
    program = f"""
import time, django
django.setup()
from schoolops.tenancy.resolution import school_at
until = time.monotonic() + {PATIENCE_S}
before = school_at({host!r}).state
print(before, flush=True)
while time.monotonic() < until and (state := school_at({host!r}).state) == before:
    time.sleep(0.05)
print(state, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline().strip() == "active"
        lifecycle.suspend_school(slug=school.slug, reason="unpaid")
        assert other.stdout.readline().strip() == "suspended"
    assert other.returncode == 0


def test_a_change_elsewhere_is_seen_once_the_mark_is_read_again(
    fresh_school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    school = fresh_school()
    host = f"{school.slug}.localhost"
    found = resolution.school_at(host)
    assert found
    assert found.state == "active"
    hosts = dict(resolution._hosts)
    lifecycle.suspend_school(slug=school.slug, reason="unpaid")
    # As another process remembers it, which heard nothing yet.
    resolution._hosts.update(hosts)
    monkeypatch.setattr(resolution, "_version_read_at", time.monotonic() - resolution.VERSION_READ_EVERY_S)
    found = resolution.school_at(host)
    assert found
    assert found.state == "suspended"


def test_a_redis_that_lost_its_data_does_not_bring_old_answers_back(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()
    host = f"{school.slug}.localhost"
    assert resolution.school_at(host)
    remembered = dict(resolution._hosts)
    platform_redis().delete(resolution.VERSION_KEY)
    lifecycle.suspend_school(slug=school.slug, reason="unpaid")
    resolution._hosts.update(remembered)
    found = resolution.school_at(host)
    assert found
    assert found.state == "suspended"


def test_others_are_told_of_a_change_when_it_is_committed_and_not_before(fresh_school: Callable[..., School]) -> None:
    school = fresh_school()
    before = platform_redis().get(resolution.VERSION_KEY)
    with outside_schools(), transaction.atomic():
        lifecycle.suspend_school(slug=school.slug, reason="unpaid")
        assert platform_redis().get(resolution.VERSION_KEY) == before
    assert platform_redis().get(resolution.VERSION_KEY) != before


def test_without_redis_schools_are_found_and_trusted_for_five_seconds_only(
    db: None, oak: School, no_redis: None, query_count: Any
) -> None:
    with query_count(1):
        assert resolution.school_at("oak.localhost") == oak
        assert resolution.school_at("oak.localhost") == oak
    remembered = resolution._hosts["oak.localhost"]
    assert remembered.version is None
    assert remembered.until - time.monotonic() <= resolution.TRUSTED_WITHOUT_REDIS_S == 5


def test_without_redis_an_old_answer_is_not_trusted_longer(db: None, oak: School, no_redis: None) -> None:
    resolution.school_at("oak.localhost")
    old = resolution._hosts["oak.localhost"]
    resolution._hosts["oak.localhost"] = resolution._Remembered(None, time.monotonic() - 0.001, old.version)
    assert resolution.school_at("oak.localhost") == oak


def test_an_answer_from_before_the_outage_is_asked_for_again(
    db: None, oak: School, request: pytest.FixtureRequest, query_count: Any
) -> None:
    resolution.school_at("oak.localhost")
    remembered = dict(resolution._hosts)
    request.getfixturevalue("no_redis")
    resolution._hosts.update(remembered)
    with query_count(1):
        assert resolution.school_at("oak.localhost") == oak


def test_a_school_can_be_suspended_without_redis(fresh_school: Callable[..., School], no_redis: None) -> None:
    school = fresh_school()
    lifecycle.suspend_school(slug=school.slug, reason="unpaid")
    found = resolution.school_at(f"{school.slug}.localhost")
    assert found
    assert found.state == "suspended"


def test_a_suspension_that_redis_could_not_be_told_is_told_when_it_is_back(
    fresh_school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    school = fresh_school()
    before = platform_redis().get(resolution.VERSION_KEY)
    with monkeypatch.context() as away:
        away.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
        platform_redis.cache_clear()
        lifecycle.suspend_school(slug=school.slug, reason="unpaid")
    platform_redis.cache_clear()
    connection.circuit.reset()
    # Another process reached Redis all along, and would believe what it knows for a minute.
    assert platform_redis().get(resolution.VERSION_KEY) == before
    resolution.forget_here()
    resolution.school_at(f"{school.slug}.localhost")
    assert platform_redis().get(resolution.VERSION_KEY) != before
