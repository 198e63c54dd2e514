"""One master, two replicas and three Sentinels, as real processes on loopback, in ``folder``."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import redis

from schoolops import launcher
from schoolops.launcher import places

MASTER = "school-redis"
PASSWORD = "behind-sentinel"
DOWN_AFTER_MS = 1_000
SENTINEL_OPTIONS: dict[str, Any] = {"socket_timeout": 1, "socket_connect_timeout": 1, "decode_responses": True}


class Group:
    """``with Group(tmp_path) as group: group.url; group.kill_master()``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports: set[int] = set()
        self.sentinel_ports: list[int] = []
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *anything: object) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait(10)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)
        return f"sentinel://:{PASSWORD}@{hosts}/{MASTER}?db=0"

    def _start(self) -> None:
        first = launcher.free_port()
        self._server(first)
        for _ in range(2):
            self._server(launcher.free_port(), f"replicaof 127.0.0.1 {first}")
        wait_until(lambda: self.server(first).info("replication")["connected_slaves"] == 2, "two replicas")
        for _ in range(3):
            port = launcher.free_port()
            self.sentinel_ports.append(port)
            self._run(
                port,
                f"sentinel monitor {MASTER} 127.0.0.1 {first} 2",
                f"sentinel auth-pass {MASTER} {PASSWORD}",
                f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}",
                f"sentinel failover-timeout {MASTER} 6000",
                "--sentinel",
            )
        wait_until(self.is_settled, "Sentinels that know one another and both replicas")

    def _server(self, port: int, *lines: str) -> None:
        self.ports.add(port)
        self._run(
            port, f"requirepass {PASSWORD}", f"masterauth {PASSWORD}", 'save ""', "repl-diskless-sync-delay 0", *lines
        )
        wait_until(lambda: self.server(port).ping(), "a server")

    def _run(self, port: int, *lines: str) -> None:
        home = self.folder / str(port)
        home.mkdir(exist_ok=True)
        configuration = home / "server.conf"
        arguments = [line for line in lines if line.startswith("--")]
        written = [line for line in lines if not line.startswith("--")]
        # Sentinel writes what it learns into its own file.
        configuration.write_text("\n".join(["bind 127.0.0.1", f"port {port}", f'dir "{home}"', *written]) + "\n")
        with (home / "log").open("ab") as log:
            self._processes[port] = subprocess.Popen(
                [str(places.bundled_valkey()), str(configuration), *arguments], stdout=log, stderr=log, cwd=home
            )

    def server(self, port: int) -> redis.Redis:
        """A plain client of one server, past Sentinel."""
        return redis.Redis("127.0.0.1", port, password=PASSWORD, socket_timeout=2, socket_connect_timeout=2)

    def sentinels(self) -> list[redis.Redis]:
        return [redis.Redis("127.0.0.1", port, **SENTINEL_OPTIONS) for port in self.sentinel_ports]

    def is_settled(self) -> bool:
        """Whether every Sentinel knows the others, and at least one replica that could follow the master."""
        for each in self.sentinels():
            state = each.sentinel_master(MASTER)
            if state["num-other-sentinels"] != 2 or not state["is_master"] or state["is_sdown"]:
                return False
            replicas = [one for one in each.sentinel_slaves(MASTER) if not one["is_sdown"]]
            if not replicas or any(one.get("master-link-status") != "ok" for one in replicas):
                return False
        return True

    def master(self) -> int:
        """The port that most Sentinels name."""
        named = []
        for each in self.sentinels():
            with suppress(redis.RedisError):
                if address := each.sentinel_get_master_addr_by_name(MASTER):
                    named.append(int(address[1]))
        return max(set(named), key=named.count)

    def kill_master(self) -> None:
        """SIGKILL it."""
        process = self._processes[self.master()]
        process.kill()
        process.wait(10)

    def hand_over(self) -> None:
        """A planned failover, by SENTINEL FAILOVER."""
        self.sentinels()[0].execute_command("SENTINEL", "FAILOVER", MASTER)

    def wait_for_another_master(self, before: int, seconds: float = 30) -> float:
        """When (monotonic) most Sentinels named another master than ``before``."""
        wait_until(lambda: self.master() != before, "another master", seconds, pause_s=0.05)
        return time.monotonic()


def wait_until(true: Callable[[], Any], what: str, seconds: float = 30, pause_s: float = 0.1) -> None:
    """Wait for something that may fail meanwhile. Raises ``AssertionError`` naming ``what`` did not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(redis.RedisError, OSError):
            if true():
                return
        time.sleep(pause_s)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")
