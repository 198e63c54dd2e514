"""A Redis behind Sentinel is named by one URL, and a wrong one is refused before anything starts."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from kombu import Connection

from config.env import Environment
from schoolops.queues import broker
from schoolops.queues.worker.consumer import SentinelTransport
from schoolops.redis import boot, connection, sentinel
from schoolops.redis.connection import ALIASES, RedisUnavailable, VerifiedSentinelConnection

URL = "sentinel://app:p%40ss@one:26379,two,[::1]:7000/school%20master?db=3&sentinel_password=s3"


@pytest.fixture(autouse=True)
def _closed_circuit() -> Iterator[None]:
    yield
    connection.circuit.reset()


def test_it_names_the_sentinels_the_master_and_whose_password_is_whose() -> None:
    assert sentinel.parse(URL) == sentinel.Named(
        sentinels=(("one", 26379), ("two", 26379), ("::1", 7000)),
        master="school master",
        db=3,
        username="app",
        password="p@ss",
        sentinel_password="s3",
    )
    assert sentinel.parse("sentinel://:secret@one/main").username is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sentinel://:hush@one:26379", "names no master"),
        ("sentinel://:hush@one:26379/main/0", "names no master"),
        ("sentinel://:hush@/main", "hosts is empty"),
        ("sentinel://:hush@one:x/main", "port of one of its hosts"),
        ("sentinel://:hush@one,,two/main", "hosts is empty"),
        ("sentinel://:hush@one/main?db=x", "db is not a number"),
        ("sentinel://:hush@one/main?ssl=true", "no option ssl"),
        ("sentinel://:hush@[one/main", "hosts cannot be read"),
    ],
)
def test_a_wrong_one_is_refused_by_name_and_without_its_password(url: str, why: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=why) as refused:
        Environment({"REDIS_URL": url}).redis("REDIS_URL")
    assert str(refused.value).startswith("REDIS_URL: ")
    assert "hush" not in str(refused.value)
    [finding] = boot.check(url)
    assert finding.fatal
    assert sentinel.FORM in finding.sentence


def test_every_alias_and_the_broker_go_through_sentinel() -> None:
    for alias in ALIASES:
        made = connection.pool(
            URL,
            command_timeout_s=alias.command_timeout_s,
            connect_timeout_s=alias.connect_timeout_s,
            most=alias.most_connections,
        )
        options = made.connection_kwargs
        assert issubclass(made.connection_class, VerifiedSentinelConnection)
        assert (options["db"], options["username"], options["password"]) == (3, "app", "p@ss")
        assert options["socket_timeout"] == alias.command_timeout_s
        for each in made.sentinel_manager.sentinels:  # type: ignore[attr-defined]
            asked = each.connection_pool.connection_kwargs
            # The three together cost no more than one.
            assert asked["socket_timeout"] * 3 == pytest.approx(alias.command_timeout_s)
            assert asked["socket_connect_timeout"] * 3 == pytest.approx(alias.connect_timeout_s)
            assert asked["password"] == "s3"
    with override_settings(QUEUES_BROKER_URL=URL):
        url, transport = broker.for_celery()
    assert url == "sentinel://one:26379/3"
    assert "p%40ss" not in url
    assert Connection(url, transport=transport).get_transport_cls() is SentinelTransport


def test_sentinels_that_are_away_are_an_outage_like_any_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"sentinel://127.0.0.1:{port}/main"
    client = connection.GuardedRedis(
        connection_pool=connection.pool(url, command_timeout_s=0.15, connect_timeout_s=0.1, most=4)
    )
    with pytest.raises(RedisUnavailable, match="No Sentinel names a master called 'main'"):
        client.get("x")
    [(who, why)] = boot.survey(url)
    assert who == f"127.0.0.1:{port}"
    assert "ConnectionError" in why
