"""The running stack, as an operator meets it: its log lines, its two web servers, stopping and recycling."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from schoolops.launcher import free_port
from tests.observe.__main__ import curtain_up
from tests.observe.stage import PYTHON, Stage, ask, until
from tests.platform.test_request_log import NINE

KNOWN = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Web server, relay, and a worker of the queue ``attendance``, with PostgreSQL and Valkey of their own."""
    with curtain_up() as up:
        yield up


def test_one_request_id_stands_on_all_lines_of_a_request_and_of_its_jobs(stage: Stage) -> None:
    headers = {"X-Request-ID": KNOWN, "traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"}
    for path in ("/observe/hello", "/observe/fails"):
        assert stage.ask(path, body={}, **headers)[0] == 201

    def of_the_request(program: str) -> list[dict[str, Any]]:
        return [line for line in stage.lines(program) if line["requestId"] == KNOWN]

    def both_have_ended() -> bool:
        return {"hello from the job", "job bury"} <= {line["message"] for line in of_the_request("worker-attendance")}

    until("one job has said hello and the other was given up", both_have_ended)
    web, worker = of_the_request("web"), of_the_request("worker-attendance")
    access = [line for line in web if "route" in line]
    assert [list(line) for line in access] == [NINE, NINE]
    assert {(line["route"], line["statusCode"]) for line in access} == {("/observe/<str:kind>", 201)}
    assert [line["message"] for line in web if "route" not in line] == ["a job is wanted"] * 2
    # Who and where are the same on every line, of whichever process.
    assert {line["tenantId"] for line in [*web, *worker]} == {"oak"}
    (user,) = {line["userId"] for line in access}
    assert user
    assert {line["userId"] for line in worker} == {user}
    assert [line["message"] for line in worker].count("job retry") == 2
    # And no line of theirs goes without the id: the trace finds the same ones.
    for program, found in (("web", web), ("worker-attendance", worker)):
        traced = [line for line in stage.lines(program) if line.get("traceId") == TRACE_ID]
        assert traced == [line for line in found if "route" not in line]


def test_base_url_looks_at_an_installation_that_runs_and_brings_nothing_about(stage: Stage) -> None:
    environment = {**stage.environment, "BASE_URL": f"http://127.0.0.1:{stage.port}"}
    jobs = len([line for line in stage.lines("web") if line.get("method") == "POST"])
    done = subprocess.run([PYTHON, "-m", "tests.observe"], env=environment, capture_output=True, text=True, check=False)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("RESULT "), done.stdout + done.stderr
    result = json.loads(last.removeprefix("RESULT "))
    assert (result["fell"], result["missing"], result["scrape_growth"]) == (0, 0, 1.0), done.stdout
    assert len([line for line in stage.lines("web") if line.get("method") == "POST"]) == jobs


@contextmanager
def another_web_server(stage: Stage, folder: Path, *command: str, **more: str) -> Iterator[tuple[Any, int]]:
    """(process, port) of a second web server beside the first, once it answers; stopped afterwards."""
    port = free_port()
    environment = {**stage.environment, "PORT": str(port), "METRICS_FOLDER": str(folder / "metrics"), **more}
    with (folder / "web.log").open("ab") as log:
        process = subprocess.Popen([PYTHON, *command], env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        until("the second web server answers", lambda: ask(port, "/health")[0] == 200)
        yield process, port
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_gunicorn_serves_the_same_site_and_stops_when_asked(stage: Stage, tmp_path: Path) -> None:
    command = ("-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "config.wsgi:application")
    with another_web_server(stage, tmp_path, *command) as (process, port):
        assert ask(port, "/api/v1/me", token=stage.token)[0] == 200
        assert ask(port, "/health/ready")[0] == 200
        status, text = ask(port, "/metrics")
        assert status == 200
        assert b"schoolops_http_latency_seconds_count" in text
        process.terminate()
        assert process.wait(60) == 0


@pytest.mark.proof
def test_a_server_that_is_asked_to_stop_says_so_before_it_does(stage: Stage, tmp_path: Path) -> None:
    with another_web_server(stage, tmp_path, "-m", "config.serve", DRAIN_SECONDS="5") as (process, port):
        assert ask(port, "/health/ready")[0] == 200
        process.terminate()
        until("readiness says 503", lambda: ask(port, "/health/ready")[0] == 503)
        # A balancer needs time to notice; whoever comes meanwhile is served.
        assert ask(port, "/api/v1/me", token=stage.token)[0] == 200
        assert process.wait(60) == 0


@pytest.mark.proof
def test_nobody_notices_that_web_processes_are_replaced(stage: Stage, tmp_path: Path) -> None:
    with another_web_server(
        # One person asks here as often as a school does.
        stage, tmp_path, "-m", "config.serve", WEB_WORKERS="1", RATE_LIMIT_FACTOR="1000"
    ) as (process, port):  # fmt: skip
        first = {child.pid for child in psutil.Process(process.pid).children()}
        over, statuses = threading.Event(), []

        def go_on_asking() -> None:
            while not over.is_set():
                statuses.append(ask(port, "/api/v1/me", token=stage.token)[0])

        askers = [threading.Thread(target=go_on_asking) for _ in range(2)]
        for each in askers:
            each.start()
        process.send_signal(signal.SIGHUP)
        try:
            until("all have been replaced", lambda: not any(map(psutil.pid_exists, first)))
        finally:
            over.set()
            for each in askers:
                each.join()
        assert psutil.Process(process.pid).children()
        assert set(statuses) == {200}
