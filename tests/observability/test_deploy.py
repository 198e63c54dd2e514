"""What an installation is given: units that start what there is, a dashboard of metrics that there are."""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands
from django.urls import get_resolver

from apps.exchange import services as exchange
from config.env import BASE_DIR, VARIABLES
from config.server import DrainingServer
from schoolops.api import bodies
from schoolops.observability import instruments
from schoolops.queues.registry import QUEUES
from tests.api.addresses import _walk
from tests.architecture.programs import STRONG, python

UNITS = sorted((BASE_DIR / "deploy/systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_what_there_is_with_variables_that_are_read(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=/srv/schoolops/current/\.venv/bin/python (.+)$", text, re.MULTILINE)
    if module := re.match(r"-m (\S+)", command):
        assert importlib.util.find_spec(module[1])
    else:
        assert command.split()[0] == "manage.py"
        assert command.split()[1] in get_commands()
    declared = {variable.name for variable in VARIABLES}
    assert set(re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)) <= declared


def test_a_worker_is_given_the_time_to_finish_its_longest_job() -> None:
    text = (BASE_DIR / "deploy/systemd/schoolops-worker@.service").read_text(encoding="utf-8")
    (patience,) = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert int(patience) > max(queue.timeout_s for queue in QUEUES.values())


def test_what_stops_the_target_stops_what_it_started() -> None:
    texts = {unit.name: unit.read_text(encoding="utf-8") for unit in UNITS}
    started = {name for name, text in texts.items() if "\nWantedBy=schoolops.target\n" in text}
    assert len(started) == 4
    assert {name for name, text in texts.items() if "\nPartOf=schoolops.target\n" in text} == started


def test_what_is_done_once_a_night_has_a_timer() -> None:
    texts = {unit.stem: unit.read_text(encoding="utf-8") for unit in UNITS}
    nightly = {name: text for name, text in texts.items() if "\nType=oneshot\n" in text}
    assert {timer.stem for timer in UNITS[0].parent.glob("*.timer")} == set(nightly)
    commands = {
        command for text in nightly.values() for command in re.findall(r" manage\.py (.+)$", text, re.MULTILINE)
    }
    assert commands == {"school nightly", "purge_deleted_schools"}


# --- the proxy --------------------------------------------------------------------------------------------------------
PROXY = (BASE_DIR / "deploy/nginx/schoolops.conf").read_text(encoding="utf-8")


def doors_of_large_files() -> set[str]:
    """The addresses behind which a file goes to ``apps.exchange``, which takes the largest."""
    receives = {name for name in exchange.__all__ if name.startswith("receive")}
    doors = set()
    for route, callback in _walk(get_resolver("config.urls").url_patterns, ""):
        actions = getattr(callback, "actions", None) or {}
        views = [getattr(callback.cls, action) for action in actions.values()] or [callback]
        codes = [code for view in views if (code := getattr(inspect.unwrap(view), "__code__", None))]
        if any(receives & set(code.co_names) for code in codes):
            doors.add("/" + re.sub(r"<\w+:\w+>", "0", route))
    return doors


def test_a_large_file_passes_the_proxy_at_every_door_that_takes_one() -> None:
    ((pattern, most),) = re.findall(r"location ~ (\S+) \{\n\s+client_max_body_size (\d+)m;", PROXY)
    assert int(most) == bodies.LARGEST // bodies.MEGABYTE
    doors = doors_of_large_files()
    assert len(doors) == 9
    assert {door for door in doors if not re.match(pattern, door)} == set()
    assert not re.match(pattern, "/office/exams/papers/0/marks/")


def test_the_proxy_says_of_static_files_what_the_application_says_of_its_own() -> None:
    said = {name: value.strip('"') for name, value in re.findall(r"add_header (\S+) (.+) always;", PROXY)}
    program = "from config.settings import production as p; print(p.SECURE_HSTS_SECONDS, p.SECURE_HSTS_PRELOAD)"
    seconds, preload = python(program, settings="production", **STRONG).stdout.split()
    assert preload == "True"
    assert said == {
        "Strict-Transport-Security": f"max-age={seconds}; includeSubDomains; preload",
        "X-Content-Type-Options": "nosniff",
    }


def test_a_server_asked_twice_to_stop_stops_at_once(tmp_path: Path) -> None:
    server = DrainingServer("config.wsgi:application")
    server.drain_file, server.drain_s = tmp_path / "draining", 60.0
    server.signal_handler_interrupt()
    assert server.drain_file.exists()
    assert not server.interrupt_signal
    server.signal_handler_interrupt()
    assert server.interrupt_signal


# --- the dashboard ----------------------------------------------------------------------------------------------------
DASHBOARD = json.loads((BASE_DIR / "deploy/grafana/schoolops.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
# Written by Prometheus itself, and by django-prometheus.
OTHERS = {"up", "ALERTS", "django_db_new_connections_total", "django_db_errors_total"}


def exported() -> set[str]:
    names = {metric.exported for metric in instruments.table()}
    return names | {
        f"{metric.exported}_{part}"
        for metric in instruments.table()
        if metric.kind == "histogram"
        for part in ("bucket", "sum", "count")
    }


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS, ids=[title for title, _ in EXPRESSIONS])
def test_a_panel_shows_metrics_that_there_are(title: str, expression: str) -> None:
    used = set(re.findall(r"\b(?:schoolops|django)_\w+|\bup\b|\bALERTS\b", expression))
    assert used
    assert used <= exported() | OTHERS


def test_every_metric_is_on_the_dashboard() -> None:
    text = " ".join(expression for _, expression in EXPRESSIONS)
    assert [metric.name for metric in instruments.table() if metric.exported not in text] == []


def test_prometheus_can_read_every_expression(promtool: str, tmp_path: Path) -> None:
    rules = "".join(
        f"      - record: panel:{number}\n        expr: {json.dumps(expression.replace('$__rate_interval', '5m'))}\n"
        for number, (_, expression) in enumerate(EXPRESSIONS)
    )
    file = tmp_path / "panels.yml"
    file.write_text(f"groups:\n  - name: panels\n    rules:\n{rules}", encoding="utf-8")
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(EXPRESSIONS)} rules found" in done.stdout


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_runbook_that_a_panel_names_is_there(panel: dict[str, Any]) -> None:
    if found := re.match(r"Runbooks? ([a-z, -]+)$", panel["description"]):
        assert all((BASE_DIR / f"docs/runbooks/{name}.md").exists() for name in found[1].split(", "))


def test_the_fallback_server_accepts_its_settings_and_serves_the_application() -> None:
    program = (
        "import sys; from gunicorn.app.wsgiapp import run; "
        "sys.argv = ['gunicorn', '--check-config', '-c', 'deploy/gunicorn.conf.py', 'config.wsgi:application']; run()"
    )
    done = python(program, settings="production", **STRONG)
    assert done.returncode == 0, done.stderr
