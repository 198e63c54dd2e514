"""The embedded PostgreSQL: made, started, adopted, stopped, killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import places, ports, processes
from .errors import LauncherError, ServerDidNotStart
from .logs import Log
from .processes import Process
from .profiles import Profile

SUPERUSER = "postgres"
_START_SECONDS = 120.0  # a crash recovery may take its time


@dataclass(frozen=True, slots=True)
class Postgres:
    """The cluster in ``home``. ``log`` is where the server writes; ``user`` whom it runs as."""

    home: Path
    log: Log
    user: places.ServerUser

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def running(self) -> Process | None:
        """The living server of this cluster.

        The pid file alone proves nothing: it may name a dead server, a zombie, or a stranger who got the number.
        """
        try:
            pid = int(self._pid_file_lines()[0])
        except (IndexError, ValueError):
            return None
        command = processes.command_line(pid)
        return processes.find(pid) if str(self.data) in command else None

    def port(self) -> int | None:
        """The port the server was last started on."""
        try:
            return int(self._pid_file_lines()[3])
        except (IndexError, ValueError):
            return None

    def ensure_running(self, profile: Profile, port: int, password: str, *, keep_port: bool = False) -> Process:
        """The server, started or adopted. A running one with other settings than the profile's is restarted.

        With ``keep_port`` a taken port is waited for rather than evaded. Raises ``ServerDidNotStart``, ``PortTaken``.
        """
        server = self.running()
        if server and self._is_set_as(server, profile) and self._is_ready():
            return server
        if server:
            self.stop()
        self._clear_what_a_dead_server_left()
        self._ensure_cluster(profile, password)
        try:
            return self._start(profile, port, keep_port=keep_port)
        except ServerDidNotStart:
            if not profile.throwaway:
                raise
            # Throwaway data is written without fsync; after a power cut it may be past repair, and nobody misses it.
            self._clear_what_a_dead_server_left()
            shutil.rmtree(self.data)
            self._ensure_cluster(profile, password)
            return self._start(profile, port, keep_port=keep_port)

    def stop(self, seconds: float = 5) -> None:
        """Stop it, ending what its clients are doing; kill it when it takes longer than ``seconds``."""
        server = self.running()
        if server:
            server.send(signal.SIGINT)  # "fast" shutdown
            server.wait(seconds)
        self._clear_what_a_dead_server_left(including_living=True)

    def kill(self) -> None:
        """SIGKILL the server and all its backends, as a crash would."""
        server = self.running()
        processes.kill([server] if server else [])
        processes.kill(processes.working_in(self.data, "postgres"))

    def _start(self, profile: Profile, port: int, *, keep_port: bool) -> Process:
        program = str(places.postgres_program("postgres", self.user, self.home))
        settings = [word for name, value in profile.postgres_settings.items() for word in ("-c", f"{name}={value}")]
        for attempt in range(5):
            port = ports.insist_on(port) if keep_port else ports.free_port(port if attempt == 0 else None)
            mark = self.log.size()
            command = [program, "-D", str(self.data), "-p", str(port), *settings]
            server = processes.adopt(self.user.spawn(command, log=self.log.path))
            if server and self._becomes_ready(server):
                return server
            if "could not bind" not in self.log.since(mark):
                break
            self._clear_what_a_dead_server_left()
        raise ServerDidNotStart(
            f"PostgreSQL did not start. The end of {self.log.path}:\n{self.log.since(mark)[-2000:]}"
        )

    def _becomes_ready(self, server: Process) -> bool:
        processes.wait_until(lambda: self._is_ready() or not server.is_alive(), _START_SECONDS)
        if server.is_alive() and self._is_ready():
            return True
        processes.kill([server])
        return False

    def _ensure_cluster(self, profile: Profile, password: str) -> None:
        initdb = places.postgres_program("initdb", self.user, self.home)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        unfinished = self.home / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.user.make_private(unfinished)
        password_file = unfinished.with_name("password.unfinished")
        places.write_private(password_file, password)
        if self.user.switch:
            places.give_to(password_file, self.user.uid, self.user.gid)
        try:
            done = self.user.run(
                [
                    str(initdb),
                    "-D",
                    str(unfinished),
                    "-U",
                    SUPERUSER,
                    "--pwfile",
                    str(password_file),
                ]
                + [
                    "--auth-local=scram-sha-256",
                    "--auth-host=scram-sha-256",
                    "--encoding=UTF8",
                ]
                + ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
                + (["--no-sync"] if profile.throwaway else []),
                seconds=_START_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise ServerDidNotStart(f"initdb did not finish within {_START_SECONDS:.0f} s.") from None
        finally:
            password_file.unlink()
        if done.returncode != 0:
            raise ServerDidNotStart(f"initdb failed:\n{done.stdout[-2000:]}")
        # Renamed when complete, so that an interrupted initdb is never taken for a cluster.
        shutil.rmtree(self.data, ignore_errors=True)
        unfinished.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        version = self.user.run(
            [
                str(places.postgres_program("postgres", self.user, self.home)),
                "--version",
            ]
        ).stdout
        ours = version.split()[-1].split(".")[0] if version.split() else "?"
        if made_by != ours:
            raise LauncherError(
                f"{self.data} was made by PostgreSQL {made_by}, and the installed wheel is PostgreSQL {ours}. "
                f"Dump it with the earlier wheel, or delete the folder and start afresh."
            )

    def _clear_what_a_dead_server_left(self, *, including_living: bool = False) -> None:
        """Kill orphaned backends (they keep the shared memory) and drop a pid file that names nobody of ours.

        PostgreSQL trusts ``kill(pid, 0)``, which a zombie answers, and so does a stranger with a recycled number:
        where process 1 does not collect orphans, a killed server could never be started again.
        """
        server = self.running()
        if server and not including_living:
            return
        processes.kill([server] if server else [])
        processes.kill(processes.working_in(self.data, "postgres"))
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _is_set_as(self, server: Process, profile: Profile) -> bool:
        words = processes.command_line(server.pid)
        return {f"{name}={value}" for name, value in profile.postgres_settings.items()} <= set(words)

    def _is_ready(self) -> bool:
        lines = self._pid_file_lines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []
