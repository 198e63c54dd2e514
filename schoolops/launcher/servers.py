"""Both servers of one folder: started together or singly, and what the rest of SchoolOps needs to reach them."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from . import places, ports, processes
from .errors import FolderInUse, LauncherError, ServerEnded
from .locks import FolderLock
from .logins import ensure_logins
from .logs import Log
from .postgres import SUPERUSER, Postgres
from .processes import Process
from .profiles import Profile
from .supervisor import RECORD, clear_leftovers
from .valkey import Valkey

DATABASE = "schoolops"
BOTH = ("postgres", "valkey")
ENVIRONMENT_FILE = "servers.env"


@dataclass(frozen=True, slots=True)
class Servers:
    """The running servers of a folder and the lock on it. A server that was not asked for has an empty URL and no pid.

    As a context manager it stops what it holds on leaving.
    """

    folder: Path
    profile: Profile
    superuser_url: str = ""
    database_admin_url: str = ""
    database_url: str = ""
    redis_url: str = ""
    postgres_pid: int | None = None
    valkey_pid: int | None = None
    _lock: FolderLock | None = field(default=None, repr=False, compare=False)
    started: dict[str, Process] = field(default_factory=dict, repr=False, compare=False)

    def environment(self) -> dict[str, str]:
        """``DATABASE_URL``, ``DATABASE_ADMIN_URL`` and ``REDIS_URL`` of the servers that run."""
        values = {
            "DATABASE_ADMIN_URL": self.database_admin_url,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
        }
        return {name: value for name, value in values.items() if value}

    def check(self) -> None:
        """Raise ``ServerEnded`` naming a server that has ended since ``start``."""
        for name, process in self.started.items():
            if not process.is_alive():
                raise ServerEnded(f"{name} has ended. Its last lines are in {self.folder}.")

    def tend(self) -> list[str]:
        """Start again, at the same address, what has ended since ``start``; the names of those. Raises as ``start``."""
        again = {"PostgreSQL": self.restart_postgres, "Valkey": self.restart_valkey}
        ended = [name for name, process in self.started.items() if not process.is_alive()]
        for name in ended:
            if (process := processes.find(again[name]())) is None:
                raise ServerEnded(f"{name} ended again at once. Its last lines are in {self.folder}.")
            self.started[name] = process
        return ended

    def stop(self) -> None:
        """Stop the servers, Valkey first, and let go of the folder. Stopping twice does nothing."""
        if self._lock and self._lock.is_held:
            _stop_both(self.folder)
            home, _ = places.home_and_user(self.folder)
            if self.profile.throwaway and home != self.folder:
                # Below /var/tmp nobody would ever find and delete it.
                shutil.rmtree(home)
        self.leave_running()

    def leave_running(self) -> None:
        """Let go of the folder without stopping the servers; the next ``start`` adopts them."""
        if self._lock:
            self._lock.release()

    def kill_postgres(self) -> None:
        """SIGKILL PostgreSQL with all its backends, as a crash would."""
        _parts(self.folder)[0].kill()

    def kill_valkey(self) -> None:
        """SIGKILL Valkey, as a crash would."""
        _parts(self.folder)[1].kill()

    def restart_postgres(self) -> int:
        """Start PostgreSQL again on the same port, whatever became of it, and return its pid. Raises ``PortTaken``."""
        postgres = _parts(self.folder)[0]
        postgres.stop()
        password = _passwords(self.folder)[SUPERUSER]
        return postgres.ensure_running(self.profile, _port(self.superuser_url), password, keep_port=True).pid

    def restart_valkey(self) -> int:
        """Start Valkey again on the same port, whatever became of it, and return its pid. Raises ``PortTaken``."""
        valkey = _parts(self.folder)[1]
        valkey.stop()
        password = _passwords(self.folder)["valkey"]
        return valkey.ensure_running(self.profile, _port(self.redis_url), password, keep_port=True).pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


@dataclass(frozen=True, slots=True)
class Status:
    """What runs in a folder: pid and port of each server, None where it does not run."""

    postgres_pid: int | None
    postgres_port: int | None
    valkey_pid: int | None
    valkey_port: int | None


def hold(folder: Path) -> FolderLock:
    """Make ``folder`` ours until the lock is released or this process ends, without starting anything.

    Raises ``FolderInUse`` while another process holds it, ``FolderNotOurs``.
    """
    folder = folder.resolve()
    while True:
        places.make_folder(folder)
        # Somebody may remove it between our making and our locking it.
        with suppress(FileNotFoundError):
            return FolderLock.take(folder)


def hold_spare(folder: Path) -> FolderLock:
    """As ``hold``: ``folder`` or the first spare one beside it, emptied of what a killed run left there."""
    for _ in range(20):
        # Another run may take it between our look and our lock.
        with suppress(FolderInUse):
            remove(spare := spare_folder(folder))
            return hold(spare)
    raise FolderInUse(f"No free folder beside {folder}.")


def start(
    profile: Profile,
    folder: Path,
    *,
    postgres_port: int | None = None,
    valkey_port: int | None = None,
    which: Collection[str] = BOTH,
    lock: FolderLock | None = None,
) -> Servers:
    """Start both servers in ``folder`` (made when missing), or adopt those that run there, and make the two logins.

    A port is the one to use if it is free; None, or a taken one, gives any free port. ``which`` names the servers
    wanted, ``lock`` is the one from ``hold`` if you took it before. The folder is ours until ``stop`` or the end of
    this process. Raises ``FolderInUse`` while another process holds it, ``FolderNotOurs``, ``BinariesMissing``,
    ``NoServerUser``, ``ServerDidNotStart``.
    """
    if not sys.platform.startswith("linux"):
        raise LauncherError(
            "The embedded servers run on Linux only. Set DATABASE_URL and REDIS_URL to servers of your own."
        )
    folder = folder.resolve()
    lock = lock or hold(folder)
    try:
        passwords = _passwords(folder)
        places.make_home(folder)
        postgres, valkey = _parts(folder)
        servers = Servers(folder=folder, profile=profile, _lock=lock)
        if "postgres" in which:
            servers = _with_postgres(servers, postgres, postgres_port, passwords)
        if "valkey" in which:
            servers = _with_valkey(servers, valkey, valkey_port, passwords)
        write_environment(folder, servers.environment())
    except BaseException:
        lock.release()
        raise
    return servers


def start_postgres(profile: Profile, folder: Path, *, port: int | None = None) -> Servers:
    """As ``start``, PostgreSQL alone."""
    return start(profile, folder, postgres_port=port, which=("postgres",))


def start_valkey(profile: Profile, folder: Path, *, port: int | None = None) -> Servers:
    """As ``start``, Valkey alone."""
    return start(profile, folder, valkey_port=port, which=("valkey",))


def stop(folder: Path, *, lock: FolderLock | None = None) -> None:
    """Stop what runs in ``folder``. Raises ``FolderInUse`` while another process holds it.

    ``lock`` is the one from ``hold``, if you have it; it is released in any case.
    """
    folder = folder.resolve()
    try:
        if lock is None or not lock.is_held:
            lock = FolderLock.take(folder)
    except FileNotFoundError:
        return
    try:
        _stop_both(folder)
    finally:
        lock.release()


def remove(folder: Path) -> None:
    """Stop what runs in ``folder``, programs that a killed supervisor left too, and delete its data, wherever it is.

    Raises ``FolderInUse``.
    """
    folder = folder.resolve()
    try:
        lock = FolderLock.take(folder)
    except FileNotFoundError:
        return
    try:
        clear_leftovers(folder / RECORD)
        _stop_both(folder)
        home, _ = places.home_and_user(folder)
        if home != folder and home.exists():
            shutil.rmtree(home)
        # Out of the way first: whoever takes a folder of this name while we delete keeps theirs.
        away = folder.with_name(f".{folder.name}-{os.getpid()}")
        shutil.rmtree(away, ignore_errors=True)
        folder.rename(away)
        shutil.rmtree(away)
    finally:
        lock.release()


def status(folder: Path) -> Status:
    """What runs in ``folder`` right now."""
    folder = folder.resolve()
    if not folder.is_dir():
        return Status(None, None, None, None)
    postgres, valkey = _parts(folder)
    server, cache = postgres.running(), valkey.running()
    return Status(
        postgres_pid=server.pid if server else None,
        postgres_port=postgres.port() if server else None,
        valkey_pid=cache.pid if cache else None,
        valkey_port=valkey.port() if cache else None,
    )


def spare_folder(folder: Path) -> Path:
    """``folder`` if no living process holds it, otherwise the first of ``folder-2``, ``folder-3`` … that is free.

    For test runs side by side in one clone.
    """
    number, candidate = 1, folder
    while not FolderLock.is_free(candidate):
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def write_environment(folder: Path, values: Mapping[str, str]) -> Path:
    """Write ``NAME=value`` lines other terminals can read, to ``servers.env`` in the folder, readable by us alone."""
    path = folder / ENVIRONMENT_FILE
    places.write_private(
        path,
        "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()),
    )
    return path


def _with_postgres(servers: Servers, postgres: Postgres, port: int | None, passwords: Mapping[str, str]) -> Servers:
    postgres.log.shorten()
    server = postgres.ensure_running(servers.profile, port or ports.free_port(), passwords[SUPERUSER])
    superuser_url = f"postgres://{SUPERUSER}:{passwords[SUPERUSER]}@{ports.HOST}:{postgres.port()}/postgres"
    admin_url, web_url = ensure_logins(superuser_url, DATABASE, passwords=passwords)
    return replace(
        servers,
        superuser_url=superuser_url,
        database_admin_url=admin_url,
        database_url=web_url,
        postgres_pid=server.pid,
        started={**servers.started, "PostgreSQL": server},
    )


def _with_valkey(servers: Servers, valkey: Valkey, port: int | None, passwords: Mapping[str, str]) -> Servers:
    valkey.log.shorten()
    server = valkey.ensure_running(servers.profile, port or ports.free_port(), passwords["valkey"])
    redis_url = f"redis://:{passwords['valkey']}@{ports.HOST}:{valkey.port()}/0"
    return replace(servers, redis_url=redis_url, valkey_pid=server.pid, started={**servers.started, "Valkey": server})


def _parts(folder: Path) -> tuple[Postgres, Valkey]:
    home, user = places.home_and_user(folder)
    return (
        Postgres(home=home, log=Log(folder / "postgres.log"), user=user),
        Valkey(home=home, log=Log(folder / "valkey.log"), user=user),
    )


def _stop_both(folder: Path) -> None:
    postgres, valkey = _parts(folder)
    valkey.stop()
    postgres.stop()
    (folder / ENVIRONMENT_FILE).unlink(missing_ok=True)


def _passwords(folder: Path) -> dict[str, str]:
    """The folder's passwords by login, made once: the cluster was initialised with them."""
    path = folder / "passwords.json"
    try:
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = {}
    wanted = (SUPERUSER, f"{DATABASE}_admin", f"{DATABASE}_web", "valkey")
    passwords = {name: known.get(name) or secrets.token_hex(24) for name in wanted}
    if passwords != known:
        places.write_private(path, json.dumps(passwords, indent=1) + "\n")
    return passwords


def _port(url: str) -> int:
    port = urlsplit(url).port
    if port is None:
        raise LauncherError("This server was not started, so it cannot be restarted.")
    return port
