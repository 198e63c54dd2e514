"""Production does not begin to serve on a Redis that is not there, or is not fit."""

from __future__ import annotations

import socket

import pytest
import redis
from django.conf import settings
from django.core.management import call_command

from schoolops.launcher import THROWAWAY, start_valkey
from schoolops.redis import boot
from schoolops.redis.connection import patient_redis


def test_a_good_server_has_nothing_said_of_it() -> None:
    assert boot.check(settings.REDIS_URL) == []


def test_it_waits_along_the_ladder_and_then_gives_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pauses: list[float] = []
    assert boot.wait_for(f"redis://127.0.0.1:{port}/0", sleep=pauses.append) is None
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2]


def test_a_server_that_comes_up_meanwhile_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("late")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = []

    def come_up(_: float) -> None:
        if not started:
            started.append(start_valkey(THROWAWAY, folder, port=port))

    servers = None
    try:
        # The password is made by the launcher, so a stranger is told to log in: it answers, which is all we ask here.
        client = boot.wait_for(f"redis://127.0.0.1:{port}/0", sleep=come_up)
        servers = started[0]
        assert client is None
        assert boot.check(servers.redis_url) == []
    finally:
        for server in started:
            server.stop()


def test_a_replica_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_valkey(THROWAWAY, tmp_path_factory.mktemp("replica")) as servers:
        patient_redis(servers.redis_url).replicaof("127.0.0.1", 1)
        [finding] = boot.check(servers.redis_url)
    assert finding.fatal
    assert "slave" in finding.sentence


def test_a_policy_that_evicts_jobs_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_valkey(THROWAWAY, tmp_path_factory.mktemp("evicting")) as servers:
        patient_redis(servers.redis_url).config_set("maxmemory-policy", "allkeys-lru")
        [finding] = boot.check(servers.redis_url)
    assert finding.fatal
    assert "allkeys-lru" in finding.sentence


def test_a_clock_that_differs_is_only_warned_of() -> None:
    class OtherClock(redis.Redis):
        def time(self) -> tuple[int, int]:  # type: ignore[override]
            seconds, microseconds = super().time()  # type: ignore[misc]
            return seconds + 60, microseconds

    [finding] = boot.examine(OtherClock.from_url(settings.REDIS_URL))
    assert not finding.fatal
    assert "60 s" in finding.sentence


def test_the_command_exits_78_when_production_would_not_boot(
    settings: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.REDIS_URL = ""  # type: ignore[attr-defined]
    with pytest.raises(SystemExit) as ending:
        call_command("redis_check")
    assert ending.value.code == boot.EXIT_CONFIG
    assert "REDIS_URL" in capsys.readouterr().out
