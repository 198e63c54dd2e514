from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from schoolops import launcher

from . import school


def test_stopping_leaves_no_process_and_no_address(place: Path) -> None:
    servers = launcher.start(launcher.THROWAWAY, place / "demo")
    with psycopg.connect(servers.database_url):  # a client that does not go of its own will
        assert school.living_below(place)
        servers.stop()

    assert school.living_below(place) == []
    assert not (place / "demo" / "servers.env").exists()
    assert launcher.status(place / "demo") == launcher.Status(None, None, None, None)


def test_stopping_twice_does_nothing(place: Path) -> None:
    first = launcher.start_valkey(launcher.THROWAWAY, place / "demo")
    first.stop()
    with launcher.start_valkey(launcher.THROWAWAY, place / "demo") as second:
        first.stop()
        assert launcher.status(place / "demo").valkey_pid == second.valkey_pid


def test_a_server_that_does_not_listen_is_killed(place: Path) -> None:
    servers = launcher.start(launcher.THROWAWAY, place / "demo")
    for pid in (servers.postgres_pid, servers.valkey_pid):
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)

    servers.stop()

    assert school.living_below(place) == []


def test_a_failure_inside_stops_the_servers_too(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), launcher.start(launcher.THROWAWAY, place / "demo"):
        raise ZeroDivisionError
    assert school.living_below(place) == []
