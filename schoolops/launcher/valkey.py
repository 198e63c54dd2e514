"""The embedded Valkey: started, adopted, stopped, killed."""

from __future__ import annotations

import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from . import places, ports, processes
from .errors import ServerDidNotStart
from .logs import Log
from .processes import Process
from .profiles import Profile

_START_SECONDS = 120.0  # a large append-only file takes its time to load


@dataclass(frozen=True, slots=True)
class Valkey:
    """The server in ``home``. ``log`` is where it writes; ``user`` whom it runs as."""

    home: Path
    log: Log
    user: places.ServerUser

    @property
    def data(self) -> Path:
        return self.home / "valkey"

    @property
    def _configuration(self) -> Path:
        return self.data / "valkey.conf"

    def running(self) -> Process | None:
        """The living server of this folder, known by its working directory and its command line."""
        for process in processes.working_in(self.data, "valkey-server"):
            if str(self._configuration) in processes.command_line(process.pid):
                return process
        return None

    def port(self) -> int | None:
        """The port the server was last started on."""
        for line in self._configured():
            if line.startswith("port "):
                return int(line.removeprefix("port "))
        return None

    def ensure_running(self, profile: Profile, port: int, password: str, *, keep_port: bool = False) -> Process:
        """The server, started or adopted. A running one with other settings than the profile's is restarted.

        With ``keep_port`` a taken port is waited for rather than evaded. Raises ``ServerDidNotStart``, ``PortTaken``.
        """
        server = self.running()
        current = self.port()
        if (
            server
            and current
            and self._configured() == _configuration(profile, current, password, self.data)
            and self._answers(current, password)
        ):
            return server
        if server:
            self.stop()
        self.user.make_private(self.data)
        try:
            return self._start(profile, port, password, keep_port=keep_port)
        except ServerDidNotStart:
            if not profile.throwaway:
                raise
            shutil.rmtree(self.data)
            self.user.make_private(self.data)
            return self._start(profile, port, password, keep_port=keep_port)

    def stop(self, seconds: float = 3) -> None:
        """Stop it with its data written; kill it when that takes longer than ``seconds``."""
        server = self.running()
        if server:
            server.send(signal.SIGTERM)
            if not server.wait(seconds):
                processes.kill([server])

    def kill(self) -> None:
        """SIGKILL it, as a crash would."""
        processes.kill(processes.working_in(self.data, "valkey-server"))

    def _start(self, profile: Profile, port: int, password: str, *, keep_port: bool) -> Process:
        program = str(places.valkey_program(self.user, self.home))
        for attempt in range(5):
            port = ports.insist_on(port) if keep_port else ports.free_port(port if attempt == 0 else None)
            # In a file, since a password on the command line is everybody's to read.
            places.write_private(
                self._configuration,
                "\n".join(_configuration(profile, port, password, self.data)) + "\n",
            )
            mark = self.log.size()
            server = processes.adopt(self.user.spawn([program, str(self._configuration)], log=self.log.path))
            if server and self._becomes_ready(server, port, password):
                return server
            if "bind: Address already in use" not in self.log.since(mark):
                break
        raise ServerDidNotStart(f"Valkey did not start. The end of {self.log.path}:\n{self.log.since(mark)[-2000:]}")

    def _becomes_ready(self, server: Process, port: int, password: str) -> bool:
        processes.wait_until(
            lambda: self._answers(port, password) or not server.is_alive(),
            _START_SECONDS,
        )
        if server.is_alive() and self._answers(port, password):
            return True
        processes.kill([server])
        return False

    def _answers(self, port: int, password: str) -> bool:
        """Whether the server behind the port knows our password and is done loading."""
        try:
            with socket.create_connection((ports.HOST, port), timeout=2) as connection:
                connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(1024)):
                    answer += part
                return answer == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False

    def _configured(self) -> list[str]:
        try:
            return self._configuration.read_text(encoding="utf-8").splitlines()
        except OSError:
            return []


def _configuration(profile: Profile, port: int, password: str, data: Path) -> list[str]:
    return [
        f"bind {ports.HOST}",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{data}"',
        *(f"{name} {value}" for name, value in profile.valkey_settings.items()),
    ]
