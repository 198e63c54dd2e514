"""A school in which three hundred log in and fifty teachers mark, and the web server as it is deployed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connections, transaction

from apps.accounts.models import User
from apps.accounts.services import log_in
from schoolops import launcher
from schoolops.context import inside, outside_schools
from schoolops.tenancy.provisioning import create_school
from tests.factories import people

ROOT = Path(__file__).resolve().parents[2]
HOST = "bench.localhost"
SECTION_SIZE = 25


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher, logged in, and what marking the own roll looks like."""

    token: str
    address: str
    marks: bytes


def _teacher(number: int, day: str) -> Teacher:
    section = people.a_section(SECTION_SIZE, name=f"7 {number}")
    user = people.a_teacher(f"teacher-{number}", of=section)
    records = [{"student_id": str(each.sourced_id), "code": "P"} for each in people.students_in(section)]
    token = log_in(login=user.username, password=people.PASSWORD).access_token
    return Teacher(token, f"/api/v1/sections/{section.sourced_id}/roll/{day}", orjson.dumps({"records": records}))


def build(logins: int, teachers: int) -> list[Teacher]:
    """The school ``bench``: people called ``user-0`` … who log in, and ``teachers`` with a section each."""
    with outside_schools():
        call_command("migrate", verbosity=0)
    school = create_school(slug="bench", name="Bench School", domains=[HOST])
    with inside(school):
        with transaction.atomic():
            password = make_password(people.PASSWORD)
            User.objects.bulk_create(User(username=f"user-{number}", password=password) for number in range(logins))
        made = [_teacher(number, people.SCHOOL_DAY.isoformat()) for number in range(teachers)]
    with outside_schools(), connections["admin"].cursor() as cursor:
        # As autovacuum has within a minute. Without it a roll takes the database 65 ms, eight times as long.
        cursor.execute("ANALYZE")
    connections.close_all()
    return made


@contextmanager
def web(folder: Path, workers: int, threads: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The web server: its port and its process."""
    port = launcher.free_port()
    with (folder / "web.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "config.serve"],
            cwd=ROOT,
            env={
                **os.environ,
                "PORT": str(port),
                "WEB_WORKERS": str(workers),
                "WEB_THREADS": str(threads),
                "METRICS_FOLDER": str(folder / "metrics"),
                "LOG_LEVEL": "WARNING",
            },
            stdout=log,
            stderr=log,
        )
    try:
        _until_it_answers(port, server)
        yield port, server
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def _until_it_answers(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("The web server does not answer; see web.log.")
