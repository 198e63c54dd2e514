"""``make demo`` from outside, in a copy of the project, so that a demo you have running is not disturbed."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from config import demo
from schoolops import launcher
from schoolops.launcher import processes

from . import school

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = ("apps", "config", "schoolops", "manage.py", "Procfile", "pyproject.toml")
LONGEST_STOP = 15  # seconds


@pytest.fixture
def project(place: Path) -> Iterator[Path]:
    """A copy of the sources, as a clone would have them, in a folder with a space in its name."""
    copy = place / "a clone"
    copy.mkdir()
    for name in SOURCES:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    yield copy
    # A demo that was killed has left its programs; a test that failed did not clear them away.
    for process in school.living_below(copy):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@contextmanager
def _running(project: Path, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The demo of that copy and the file of what it says. None of our own addresses gets to it."""
    said = project.parent / "said.txt"
    with (
        said.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "config.demo", *options],
            cwd=project,
            env={"PATH": os.environ["PATH"], "PORT": str(launcher.free_port()), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            yield process, said
        finally:
            process.kill()


def _wait_until_up(process: subprocess.Popen[str], said: Path) -> str:
    processes.wait_until(lambda: "is up: ready in" in said.read_text() or process.poll() is not None, 180)
    assert process.poll() is None, said.read_text()
    return said.read_text()


def _servers_env(project: Path) -> dict[str, str]:
    lines = (project / ".schoolops" / "demo" / "servers.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def _but_for_ports(values: dict[str, str]) -> dict[str, str]:
    """Each run of the demo here is given another, and those of its servers may go to another program meanwhile."""
    return {name: re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", value) for name, value in values.items() if name != "PORT"}


@pytest.mark.proof
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_demo_starts_answers_and_stops_without_a_trace(project: Path, number: signal.Signals) -> None:
    with _running(project) as (process, said):
        text = _wait_until_up(process, said)
        address = next(word for word in text.split() if word.startswith("http://127.0.0.1") and "school" in word)
        request = urllib.request.Request(address, headers={"Host": "oak.localhost"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            assert answer.status == 200

        process.send_signal(number)

        assert process.wait(LONGEST_STOP) == 0, said.read_text()
    assert school.living_below(project) == []
    assert not (project / ".schoolops" / "demo" / "servers.env").exists()


@pytest.mark.proof
def test_a_demo_killed_leaves_nothing_the_next_one_does_not_clear_away(project: Path) -> None:
    with _running(project) as (process, said):
        _wait_until_up(process, said)
        before = _but_for_ports(_servers_env(project))
        process.kill()
    assert school.living_below(project)

    with _running(project, "--until-ready") as (process, said):
        assert process.wait(180) == 0, said.read_text()
        assert "an earlier demo left behind" in said.read_text()
    assert school.living_below(project) == []

    with _running(project) as (process, said):
        _wait_until_up(process, said)
        assert _but_for_ports(_servers_env(project)) == before
        process.terminate()
        assert process.wait(LONGEST_STOP) == 0


@pytest.mark.proof
def test_a_second_demo_is_told_that_there_is_one(project: Path) -> None:
    with _running(project) as (process, said):
        _wait_until_up(process, said)
        before = _servers_env(project)
        second = subprocess.run(
            [sys.executable, "-m", "config.demo"], cwd=project, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert f"in use by process {process.pid}" in second.stderr
        assert "bob-of-oak-demo" in second.stdout
        assert _servers_env(project) == before
        process.terminate()
        assert process.wait(LONGEST_STOP) == 0


@pytest.mark.proof
def test_what_is_killed_costs_its_own_restart_and_nothing_else(project: Path) -> None:
    with _running(project) as (process, said):
        text = _wait_until_up(process, said)
        port = int(text.split("http://oak.localhost:")[1].split("/")[0])
        leaders = _programs(project)
        assert set(leaders) == {*demo.procfile(PROJECT / "Procfile"), "gateway"}
        for name, pid in leaders.items():
            os.kill(pid, signal.SIGKILL)
            line = f"{name:<13} | was killed by signal 9"
            assert processes.wait_until(lambda: line in said.read_text(), 15), (name, said.read_text())  # noqa: B023
            assert processes.wait_until(
                lambda: name in (now := _programs(project)) and now[name] != pid,  # noqa: B023
                30,
            ), (name, said.read_text())
        valkey = launcher.status(project / ".schoolops" / "demo").valkey_pid
        assert valkey is not None
        os.kill(valkey, signal.SIGKILL)
        assert processes.wait_until(lambda: "Valkey had ended and was started again" in said.read_text(), 30)

        assert processes.wait_until(lambda: demo._status(port, "/health/ready", "localhost") == 200, 120)
        assert process.poll() is None
        process.terminate()
        assert process.wait(LONGEST_STOP) == 0
    assert school.living_below(project) == []


def _programs(project: Path) -> dict[str, int]:
    """The processes that lead a program of the demo in ``project``, by the program's name."""
    record = project / ".schoolops" / "demo" / "programs.json"
    written = json.loads(record.read_text())
    named = {}
    for pid, _started, _boot in written["leaders"]:
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for variable in variables:
            if variable.startswith(b"SCHOOLOPS_SUPERVISED_PROGRAM="):
                named[variable.decode().rpartition(":")[2]] = pid
    return named


@pytest.mark.proof
def test_of_two_demos_started_together_on_one_port_the_second_is_refused(project: Path, place: Path) -> None:
    port = str(launcher.free_port())
    other = place / "another place" / "a clone"
    shutil.copytree(project, other)
    with _running(project, PORT=port) as (one, said_one), _running(other, PORT=port) as (two, said_two):
        # Whichever was slower, even by a hair.
        assert processes.wait_until(lambda: one.poll() is not None or two.poll() is not None, 60)
        first, second, said = (one, two, said_two) if one.poll() is None else (two, one, said_one)
        assert second.wait(60) == 1
        assert f"Port {port} is taken by another program" in said.read_text()
        assert first.poll() is None
        first.terminate()
        assert first.wait(LONGEST_STOP) == 0
    assert school.living_below(place) == []


@pytest.mark.proof
def test_servers_of_your_own_are_used_and_left_running(project: Path, cluster: launcher.Servers) -> None:
    own = {"DATABASE_URL": cluster.superuser_url.rpartition("/")[0] + "/county", "REDIS_URL": cluster.redis_url}
    for _ in ("the first time", "again, with the logins remembered"):
        with _running(project, "--until-ready", **own) as (process, said):
            assert process.wait(180) == 0, said.read_text()
            assert "Servers of its own: none." in said.read_text()
    cluster.check()


@pytest.mark.parametrize(
    ("today", "lives_on"),
    [("2026-11-27", None), ("2026-11-28", "2026-11-27"), ("2026-11-29", "2026-11-27"), ("2026-11-30", None)],
)
def test_on_a_weekend_the_demo_lives_on_the_last_day_of_school(today: str, lives_on: str | None) -> None:
    found = demo.school_day(dt.date.fromisoformat(today))
    assert found == (dt.date.fromisoformat(lives_on) if lives_on else None)


def test_the_procfile_of_this_project_is_read() -> None:
    programs = demo.procfile(PROJECT / "Procfile")
    assert programs["web"] == "python -m config.serve"


def test_a_line_of_the_procfile_that_is_none_is_shown(place: Path) -> None:
    (place / "Procfile").write_text("# programs\n\nweb: python -m config.serve\nworker\n")
    with pytest.raises(demo.DemoFailed, match="'worker'"):
        demo.procfile(place / "Procfile")


def test_the_welcome_names_every_login_and_a_line_to_copy() -> None:
    login: dict[str, Any] = {"username": "bob", "password": "s3cret", "role": "teacher"}
    schools = [{"host": "oak.localhost", "logins": [login]}, {"host": "elm.localhost", "logins": [login]}]
    operators = {"host": "localhost", "logins": [{**login, "password": "0p3rat0r"}]}

    text = demo.welcome(schools, operators, demo.Addresses({}, ("postgres", "valkey"), None), 8123, seconds=7.04)

    assert "ready in 7.0 s" in text
    assert text.count("s3cret") == 3
    assert "0p3rat0r" in text
    for page in ("oak.localhost:8123/office/", "elm.localhost:8123/roll/", "oak.localhost:8123/family/"):
        assert f"http://{page}" in text
    assert "http://oak.localhost:8123/api/v1/docs" in text
    assert "http://localhost:8123/operators/" in text
    assert "curl -H 'Host: oak.localhost' http://127.0.0.1:8123/api/v1/school" in text
    body = text.split("-d '")[1].split("'")[0]
    assert json.loads(body) == {"login": "bob", "password": "s3cret"}


def test_only_the_first_ctrl_c_interrupts() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def interrupted_while_stopping() -> None:
        with demo.stop_on_signals():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(demo.Stopped):
        interrupted_while_stopping()
    assert signal.getsignal(signal.SIGTERM) == before
