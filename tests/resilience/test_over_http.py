"""What a running installation does: the resilience check, and a group of routes whose statements time out."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from schoolops.launcher import free_port
from schoolops.resilience import check
from schoolops.resilience.check import Target
from tests.observe.__main__ import curtain_up
from tests.observe.stage import PYTHON, Stage, ask, until
from tests.resilience.proxied import Proxy, ThroughAProxy, served

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A web server of two processes behind proxies, a relay and a worker."""
    with curtain_up() as up:
        yield up


def test_the_check_finds_nothing_wrong_with_a_stack_that_runs(stage: Stage) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "resilience_check", f"http://127.0.0.1:{stage.port}", "--host", "oak.localhost"],
        env=stage.environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.rpartition("RESULT ")[2]) == {"passed": 7, "failed": 0}
    assert [line.split()[0] for line in done.stdout.splitlines()[1:-1]] == ["ok"] * 7


def test_while_redis_is_away_everything_still_answers(stage: Stage) -> None:
    stage.redis.refuse()
    try:
        found = list(check.run(Target(f"http://127.0.0.1:{stage.port}", host="oak.localhost")))
        assert {each.name: each.wrong for each in found} == {each.name: [] for each in found}
        until("readiness names the circuit", lambda: "redis" in _circuits(stage))
    finally:
        stage.redis.accept()
    until("the circuit has closed", lambda: not _circuits(stage))


@contextmanager
def another_web(stage: Stage, folder: Path, **variables: str) -> Iterator[int]:
    """The port of a web server of one process beside those of ``stage``, on the same servers."""
    port = free_port()
    environment = {
        **stage.environment, "PORT": str(port), "WEB_WORKERS": "1", "METRICS_FOLDER": str(folder / "metrics"),
        **variables,
    }  # fmt: skip
    with (folder / "web.log").open("ab") as log:
        web = subprocess.Popen(
            [PYTHON, "-m", "config.serve"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until("the web server answers", lambda: ask(port, "/health")[0] == 200)
        yield port
    finally:
        os.killpg(web.pid, signal.SIGKILL)
        web.wait()


def _circuits(stage: Stage) -> list[str]:
    stage.ask("/api/v1/me")
    status, said = ask(stage.port, "/health/ready")
    assert status == 200
    return list(said["checks"]["circuits"]["open"])


def test_nobody_there_is_seven_failures(tmp_path: Path) -> None:
    found = list(check.run(Target(f"http://127.0.0.1:{free_port()}")))
    assert [bool(each.wrong) for each in found] == [True] * 7


def test_a_report_that_times_out_is_refused_and_the_roll_goes_on(stage: Stage, tmp_path: Path) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "tests.resilience.settings", "WEB_STATEMENT_TIMEOUT_SECONDS": "1"}
    with another_web(stage, tmp_path, **settings) as port:
        reports = [threading.Thread(target=ask, args=(port, "/report/60")) for _ in range(8)]
        for each in reports:
            each.start()
        for each in reports:
            each.join()
        status, said = ask(port, "/report/60")
        assert (status, said["code"]) == (503, "resilience:group-unavailable")
        assert ask(port, "/roll") == (200, b"a roll")
        assert ask(port, "/api/v1/me")[0] == 401
        ready: dict[str, Any] = ask(port, "/health/ready")[1]
        [opened] = ready["checks"]["circuits"]["open"]
        assert opened.startswith("database:reports:")
        until("a probe is let through and closes the circuit", lambda: ask(port, "/report/0") == (200, b"a report"))
        assert ask(port, "/report/0") == (200, b"a report")


def test_the_check_finds_nothing_wrong_with_a_production_behind_its_proxy(stage: Stage, tmp_path: Path) -> None:
    token = secrets.token_urlsafe(32)
    settings = {
        "DJANGO_SETTINGS_MODULE": "tests.resilience.production", "SECRET_KEY": secrets.token_urlsafe(64),
        "PLATFORM_TOKEN": token, "ALLOWED_HOSTS": ".localhost", "TRUSTED_PROXIES": "1",
    }  # fmt: skip
    with another_web(stage, tmp_path, **settings) as port, served(type("Before", (Proxy,), {"port": port})) as before:
        outside = list(check.run(ThroughAProxy(f"https://{before}", token, host="oak.localhost")))
        inside = list(check.run(Target(f"http://127.0.0.1:{port}", token, host="oak.localhost")))
    assert {each.name: each.wrong for each in outside} == {each.name: [] for each in outside}
    assert {each.name: each.wrong for each in inside} == {each.name: [] for each in inside}
    assert [each.name for each in outside if check.KEPT in each.came] == ["metrics", "queues"]
