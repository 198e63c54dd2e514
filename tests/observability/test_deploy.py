"""What an installation is given: units that start what there is, a dashboard of metrics that there are."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.env import BASE_DIR, VARIABLES
from config.server import DrainingServer
from schoolops.queues.registry import QUEUES

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


def test_a_server_asked_twice_to_stop_stops_at_once(tmp_path: Path) -> None:
    server = DrainingServer("config.wsgi:application")
    server.drain_file, server.drain_s = tmp_path / "draining", 60.0
    server.signal_handler_interrupt()
    assert server.drain_file.exists()
    assert not server.interrupt_signal
    server.signal_handler_interrupt()
    assert server.interrupt_signal
