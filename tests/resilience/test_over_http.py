"""What a running installation does: the resilience check, and a group of routes whose statements time out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schoolops.launcher import free_port
from schoolops.resilience import check
from schoolops.resilience.check import Target
from tests.observe.__main__ import curtain_up
from tests.observe.stage import PYTHON, Stage, ask, until

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


def _circuits(stage: Stage) -> list[str]:
    stage.ask("/api/v1/me")
    status, said = ask(stage.port, "/health/ready")
    assert status == 200
    return list(said["checks"]["circuits"]["open"])


def test_nobody_there_is_seven_failures(tmp_path: Path) -> None:
    found = list(check.run(Target(f"http://127.0.0.1:{free_port()}")))
    assert [bool(each.wrong) for each in found] == [True] * 7


def test_a_report_that_times_out_is_refused_and_the_roll_goes_on(stage: Stage, tmp_path: Path) -> None:
    port = free_port()
    environment = {
        **stage.environment,
        "DJANGO_SETTINGS_MODULE": "tests.resilience.settings",
        "PORT": str(port),
        "WEB_WORKERS": "1",
        "WEB_STATEMENT_TIMEOUT_SECONDS": "1",
        "METRICS_FOLDER": str(tmp_path / "metrics"),
    }
    with (tmp_path / "web.log").open("ab") as log:
        web = subprocess.Popen(
            [PYTHON, "-m", "config.serve"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until("the web server answers", lambda: ask(port, "/health")[0] == 200)
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
    finally:
        os.killpg(web.pid, signal.SIGKILL)
        web.wait()
