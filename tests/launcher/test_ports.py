from __future__ import annotations

import socket
from pathlib import Path

import pytest

from schoolops import launcher

from . import school


def _listener(address: str = "127.0.0.1") -> socket.socket:
    listener = socket.socket()
    listener.bind((address, 0))
    listener.listen()
    return listener


def test_a_free_port_is_taken_as_wished(place: Path) -> None:
    postgres_port, valkey_port = launcher.free_port(), launcher.free_port()
    with launcher.start(
        launcher.THROWAWAY, place / "demo", postgres_port=postgres_port, valkey_port=valkey_port
    ) as servers:
        assert f":{postgres_port}/" in servers.database_url
        assert f":{valkey_port}/" in servers.redis_url


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_gives_way_to_a_free_one(place: Path, address: str) -> None:
    with _listener(address) as other:
        taken = other.getsockname()[1]
        with launcher.start(launcher.THROWAWAY, place / "demo", postgres_port=taken, valkey_port=taken) as servers:
            school.enrol(servers, "Ada")
            assert school.enrolled(servers) == (["Ada"], 1)
            assert f":{taken}/" not in servers.database_url + servers.redis_url


def test_a_port_lost_between_asking_and_binding_is_replaced(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _listener() as other:
        taken = other.getsockname()[1]
        honest, answers = launcher.ports.free_port, [taken]
        # The one thing that cannot be staged from outside: that we were told the port is free.
        monkeypatch.setattr(launcher.ports, "free_port", lambda _wanted=None: answers.pop() if answers else honest())

        with launcher.start_postgres(launcher.THROWAWAY, place / "demo", port=taken) as servers:
            assert f":{taken}/" not in servers.database_url
        answers.append(taken)
        with launcher.start_valkey(launcher.THROWAWAY, place / "demo", port=taken) as servers:
            assert f":{taken}/" not in servers.redis_url


def test_a_restart_in_place_insists_on_its_port(place: Path) -> None:
    with launcher.start_valkey(launcher.THROWAWAY, place / "demo") as servers:
        servers.kill_valkey()
        port = int(servers.redis_url.rpartition(":")[2].split("/")[0])
        with socket.create_server(("127.0.0.1", port)), pytest.raises(launcher.PortTaken):
            launcher.ports.insist_on(port, seconds=0.1)
        servers.restart_valkey()
        assert launcher.status(place / "demo").valkey_port == port
