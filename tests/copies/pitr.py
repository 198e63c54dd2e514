"""``python -m tests.copies.pitr [FOLDER]``: the runbook of the whole cluster, done with PostgreSQL's own programs.

A cluster that archives its log is copied, goes on, and loses a school by mistake; a second one is brought up from the
copy and the log, as of the moment before. Every step is one of docs/runbooks/restore-the-cluster.md. Prints what it
does and, at last, ``RESULT`` with the seconds. Exit code 1 where rows are missing or too many.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from schoolops.launcher import free_port, places
from tests.outside import refuse_base_url

ROWS = 20_000
PATIENCE_S = 120.0
_ARCHIVED = (
    "SELECT last_archived_wal IS NOT NULL AND last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1)"
    " FROM pg_stat_archiver"
)


class Failed(Exception):
    """A step did not do what the runbook says."""


class Cluster:
    """A folder of PostgreSQL, its own port, and the programs that work on it as the server's OS user."""

    def __init__(self, home: Path, name: str, user: places.ServerUser) -> None:
        self.home, self.data, self.port, self.user = home, home / name, free_port(), user
        self.log = home / f"{name}.log"

    def program(self, name: str, *arguments: str, quiet: bool = False) -> str:
        if not quiet:
            print("$", name, *arguments, flush=True)
        path = places.postgres_program(name, self.user, self.home)
        done = self.user.run([str(path), *arguments], seconds=PATIENCE_S)
        if done.returncode:
            raise Failed(f"{name}: {done.stdout}")
        return done.stdout

    def sql(self, statement: str) -> str:
        """What psql says, unadorned."""
        where = ["-h", str(self.home), "-p", str(self.port), "-U", "owner", "-d", "postgres"]
        return self.program("psql", *where, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement).strip()

    def configure(self, **settings: str) -> None:
        with (self.data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self) -> None:
        self.configure(port=str(self.port), unix_socket_directories=str(self.home), listen_addresses="", fsync="off")
        self.program("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", str(self.log))

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.program("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.data), quiet=True)


def until(what: str, happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > ends:
            raise Failed(f"{what}: not within {PATIENCE_S:.0f} s.")
        time.sleep(0.1)


def drill(folder: Path) -> dict[str, float]:
    home, user = places.home_and_user(folder)
    if home != folder:
        places.make_home(folder)
    for name in ("archive", "base"):
        user.make_private(home / name)
    first = Cluster(home, "first", user)
    user.make_private(home)
    clusters = [first]
    try:
        return _drill(home, user, first, clusters)
    finally:
        for cluster in clusters:
            cluster.stop()
        if home != folder:
            shutil.rmtree(home)


def _drill(home: Path, user: places.ServerUser, first: Cluster, clusters: list[Cluster]) -> dict[str, float]:
    archive, base = home / "archive", home / "base"
    first.program("initdb", "-D", str(first.data), "-U", "owner", "--auth=trust", "-E", "UTF8", "--no-sync", quiet=True)
    # Never over what is there: two clusters that archive into one folder would ruin both.
    keep = f"test ! -f {archive}/%f && cp %p {archive}/%f"
    first.configure(wal_level="replica", archive_mode="on", archive_command=keep)
    first.start()
    first.sql("CREATE SCHEMA school_oak; CREATE TABLE school_oak.roll (id int PRIMARY KEY, said text)")
    first.sql(f"INSERT INTO school_oak.roll SELECT n, 'before' FROM generate_series(1, {ROWS}) n")

    began = time.monotonic()
    where = ["-h", str(home), "-p", str(first.port), "-U", "owner"]
    first.program(
        "pg_basebackup", *where, "-D", str(base), "-X", "none", "-c", "fast", "--no-sync", "--manifest-checksums=SHA256"
    )
    backup_seconds = time.monotonic() - began
    first.program("pg_verifybackup", "-n", str(base))

    first.sql(f"INSERT INTO school_oak.roll SELECT n, 'after' FROM generate_series({ROWS + 1}, {2 * ROWS}) n")
    moment = first.sql("SELECT clock_timestamp()")
    first.sql("SELECT pg_sleep(0.5)")
    first.sql("DROP SCHEMA school_oak CASCADE")
    first.sql("SELECT pg_switch_wal()")
    until("the log is archived", lambda: first.sql(_ARCHIVED) == "t")
    first.stop()

    second = Cluster(home, "second", user)
    clusters.append(second)
    began = time.monotonic()
    user.run(["cp", "-a", str(base), str(second.data)])
    second.configure(
        restore_command=f"cp {archive}/%f %p",
        recovery_target_time=moment,
        recovery_target_action="promote",
        archive_mode="off",
    )
    (second.data / "recovery.signal").touch()
    places.give_to(second.data / "recovery.signal", user.uid, user.gid)
    second.start()
    until("it is open for writes", lambda: second.sql("SELECT pg_is_in_recovery()") == "f")
    restore_seconds = time.monotonic() - began
    found = second.sql("SELECT count(*), count(*) FILTER (WHERE said = 'after') FROM school_oak.roll")
    if found != f"{2 * ROWS}|{ROWS}":
        raise Failed(f"{found} rows instead of {2 * ROWS}|{ROWS}.")
    second.sql("INSERT INTO school_oak.roll VALUES (0, 'goes on')")
    return {"rows": 2 * ROWS, "backup_seconds": round(backup_seconds, 2), "restore_seconds": round(restore_seconds, 2)}


def main() -> int:
    refuse_base_url("The drill starts and stops a cluster of its own.")
    with tempfile.TemporaryDirectory(
        prefix="schoolops-pitr-", dir=sys.argv[1] if len(sys.argv) > 1 else None
    ) as folder:
        try:
            print("RESULT", json.dumps(drill(Path(folder))))
        except (Failed, subprocess.TimeoutExpired) as failed:
            print(failed, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
