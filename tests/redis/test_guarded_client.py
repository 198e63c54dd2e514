"""A request that needs Redis loses one short timeout at most, and after three of those nothing at all."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from schoolops.redis import connection
from schoolops.redis.connection import ALIASES, CACHE, GuardedRedis, RedisCircuitOpen, RedisUnavailable
from schoolops.resilience import State


@pytest.fixture(autouse=True)
def _closed_circuit() -> Iterator[None]:
    connection.circuit.reset()
    yield
    connection.circuit.reset()


def client_of(url: str) -> GuardedRedis:
    return GuardedRedis(connection_pool=connection.pool(url, command_timeout_s=0.15, connect_timeout_s=0.1, most=4))


class Impostor:
    """A server that answers every command in its own way, in place of Redis."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listening.getsockname()[1]}/0"
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(accepted,), daemon=True).start()

    def _answer(self, accepted: socket.socket) -> None:
        with accepted:
            while data := accepted.recv(65536):
                # One answer per command; the last one is repeated.
                for _ in range(data.count(b"*")):
                    answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                    if answer:
                        accepted.sendall(answer)

    def close(self) -> None:
        self._listening.close()


def test_it_speaks_to_a_real_server() -> None:
    client = client_of(settings.REDIS_URL)
    client.set("platform:test:guarded", b"1", ex=10)
    assert client.get("platform:test:guarded") == b"1"
    with client.pipeline() as pipeline:
        pipeline.get("platform:test:guarded")
        pipeline.delete("platform:test:guarded")
        assert pipeline.execute() == [b"1", 1]


def test_it_looks_at_several_names_at_once() -> None:
    client = client_of(settings.REDIS_URL)
    client.set("platform:test:looked-at", b"1", ex=10)
    assert client.look_at(("platform:test:looked-at", "platform:test:nöthing")) == [b"1", None]


def test_a_connection_that_the_server_closed_while_idle_costs_no_failure() -> None:
    client = client_of(settings.REDIS_URL)
    number = client.client_id()
    redis.Redis.from_url(settings.REDIS_URL).client_kill_filter(_id=number)
    assert client.look_at(("platform:test:nothing",)) == [None]
    assert client.client_id() != number


def test_nobody_is_given_the_answer_that_another_did_not_wait_for() -> None:
    """As after a thread was ended between the question and the answer."""
    client = client_of(settings.REDIS_URL)
    client.set("platform:test:other", b"another's", ex=10)
    idle = client.connection_pool.get_connection()
    idle.send_command("GET", "platform:test:other")
    client.connection_pool.release(idle)
    # Its answer has come: a connection made later has been answered since.
    client_of(settings.REDIS_URL).ping()
    assert client.look_at(("platform:test:nothing",)) == [None]


def test_looking_costs_one_timeout_and_closes_the_connection() -> None:
    impostor = Impostor(b"+PONG\r\n", b"")
    client = client_of(impostor.url)
    with pytest.raises(redis.TimeoutError):
        client.look_at(("x",))
    assert impostor.connections == 1
    assert [each.is_open for each in client.connection_pool._available_connections] == [False]
    impostor.close()


def test_a_pool_of_the_parent_hands_a_child_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(settings.REDIS_URL)
    number = client.client_id()
    monkeypatch.setattr(connection.os, "getpid", lambda: -1)
    assert client.client_id() != number


def test_what_does_not_say_pong_is_not_a_redis() -> None:
    impostor = Impostor(b"+HELLO\r\n")
    with pytest.raises(RedisUnavailable, match="PING was answered with"):
        client_of(impostor.url).get("x")
    impostor.close()


def test_a_garbled_answer_is_an_outage_and_not_a_crash() -> None:
    impostor = Impostor(b"+PONG\r\n", b"\x12\x34garbled\r\n")
    with pytest.raises(RedisUnavailable):
        client_of(impostor.url).get("x")
    impostor.close()


def test_after_three_refusals_the_server_is_not_asked_any_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = client_of(f"redis://127.0.0.1:{port}/0")
    for _ in range(3):
        with pytest.raises(redis.ConnectionError):
            client.get("x")
    assert connection.circuit.state is State.OPEN
    with pytest.raises(RedisCircuitOpen):
        client.get("x")


def test_a_silent_server_costs_one_timeout_and_is_not_asked_twice() -> None:
    impostor = Impostor(b"+PONG\r\n", b"")
    client = client_of(impostor.url)
    with pytest.raises(redis.TimeoutError):
        client.get("x")
    assert impostor.connections == 1
    impostor.close()


def test_an_error_that_redis_reports_does_not_count_as_an_outage() -> None:
    client = client_of(settings.REDIS_URL)
    client.set("platform:test:text", b"abc", ex=10)
    for _ in range(5):
        with pytest.raises(redis.ResponseError):
            client.incr("platform:test:text")
    assert connection.circuit.state is State.CLOSED


def test_after_a_failover_the_first_write_reaches_the_new_primary() -> None:
    impostor = Impostor(
        b"+PONG\r\n",
        b"-READONLY You can't write against a read only replica.\r\n",
        b"+PONG\r\n",
        b"+OK\r\n",
    )
    assert client_of(impostor.url).set("x", "1") is True
    assert impostor.connections == 2
    impostor.close()


def test_losing_an_open_connection_is_told() -> None:
    lost: list[int] = []
    connection.on_disconnect(lambda: lost.append(1))
    try:
        client = client_of(settings.REDIS_URL)
        client.ping()
        client.connection_pool.disconnect()
    finally:
        connection._on_disconnect.pop()
    assert lost == [1]


def test_every_alias_has_its_own_pool_and_budget() -> None:
    clients = [connection.client(alias) for alias in ALIASES]
    assert len({id(client.connection_pool) for client in clients}) == len(ALIASES)
    options = connection.client(CACHE).connection_pool.connection_kwargs
    patience = settings.REDIS_PATIENCE
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (0.15 * patience, 0.10 * patience)
    assert all(alias.command_timeout_s < connection.COMMAND_TIMEOUT_S for alias in ALIASES)


def test_a_connection_that_is_dropped_is_not_told_of_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[str] = []
    monkeypatch.setattr(connection, "_on_disconnect", [lambda: lost.append("lost")])
    client = client_of(settings.REDIS_URL)
    client.ping()
    client.connection_pool.disconnect()
    assert lost == ["lost"]
    client.ping()
    del client
    gc.collect()
    assert lost == ["lost"]


# Kept by the module: what it holds is collected once threads no longer start.
AT_THE_END = """
from schoolops.observability import telemetry

class Late:
    def __del__(self):
        telemetry.counted("redis.disconnects", 1)

telemetry.begin()
kept = Late()
kept.itself = kept
print("leaving", flush=True)
"""


def test_a_process_that_counts_at_its_very_end_ends() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", AT_THE_END],
        cwd=settings.BASE_DIR,
        capture_output=True,
        timeout=60,
        text=True,
        check=True,
    )
    assert ended.stdout == "leaving\n"
    assert ended.stderr == ""
