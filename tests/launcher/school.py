"""What the tests of the launcher put into the servers, and how they look from outside."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis

from schoolops import launcher


def enrol(servers: launcher.Servers, *names: str) -> None:
    """Write students to PostgreSQL and their number to Valkey."""
    with psycopg.connect(servers.database_admin_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS student (name text)")
        connection.cursor().executemany("INSERT INTO student VALUES (%s)", [[name] for name in names])
    with redis.Redis.from_url(servers.redis_url) as cache:
        cache.incrby("students", len(names))


def enrolled(servers: launcher.Servers) -> tuple[list[str], int]:
    """The students in PostgreSQL and their number in Valkey."""
    with psycopg.connect(servers.database_admin_url) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM student ORDER BY name")]
    with redis.Redis.from_url(servers.redis_url) as cache:
        return names, int(cache.get("students") or 0)


def runs(pid: int) -> bool:
    """Whether the process runs; a zombie does not, once its other threads have ended too."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    fields = text[text.rindex(")") + 2 :].split()
    return fields[0] not in "ZXx" or (fields[0] == "Z" and int(fields[17]) > 1)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not runs(pid)


def living_below(folder: Path) -> list[int]:
    """Processes that work in the folder or below it."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and runs(int(entry)):
            try:
                where = Path(f"/proc/{entry}/cwd").readlink()
            except OSError:
                continue
            if where.is_relative_to(folder):
                found.append(int(entry))
    return found


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def in_another_process(work: Callable[[], Any], *, user: str | None = None) -> Any:
    """What ``work`` returns (as JSON keeps it) in a forked process, as another OS user if one is named.

    Forked rather than started anew: root's Python may lie where nobody else can read it.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            if user is not None:
                entry = pwd.getpwnam(user)
                os.setgroups([])
                os.setgid(entry.pw_gid)
                os.setuid(entry.pw_uid)
            with os.fdopen(writing, "w") as answer:
                json.dump(work(), answer)
            code = 0
        except BaseException:  # noqa: BLE001 (printed, and the parent fails)
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, "the other process failed, its traceback is above"
    return json.loads(text)


@contextmanager
def another_launcher(folder: Path, statement: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that runs the statement in ``folder`` and then stays, until it is killed without a warning."""
    program = (
        "import sys, time; from pathlib import Path; from schoolops import launcher; folder = Path(sys.argv[1]);"
        f"{statement}; print('there', flush=True); time.sleep(300)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "there\n"
            yield process
        finally:
            process.kill()


def an_ordinary_user() -> str | None:
    """The OS user to become for a while: nobody if we are root, otherwise we are one already."""
    return "nobody" if os.geteuid() == 0 else None
