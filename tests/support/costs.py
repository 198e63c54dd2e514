"""What the tests cost, by folder and by file: ``python -m pytest -n 3 -m "not proof" tests -p tests.support.costs``.

Seconds on the wall, beside seconds of a processor: of the tests themselves, of programs they started and waited
for, and of the backends of their database. Busy neighbours make the latter larger too, but far less than the wall.
"""

from __future__ import annotations

import functools
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

_TICK = os.sysconf("SC_CLK_TCK")
_NAMES = ("wall", "own", "programs", "backends")
# Files that cost less of a processor are in their folder's line only.
LEAST_S = 5.0
_backends: dict[str, float] = {}
_last: list[float] = []


def _fields(process: Path) -> list[str]:
    """Of ``/proc/…/stat``, from the third on."""
    return (process / "stat").read_text().rpartition(")")[2].split()


@functools.cache
def _server() -> str:
    """The number of the process whose children our backends are: others on this machine call theirs the same."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return _fields(Path(f"/proc/{connection.info.backend_pid}"))[1]


def _spent_in_the_database() -> float:
    """Seconds of every backend seen so far that is of our server and whose title names this worker's database."""
    name = f" {urlsplit(os.environ['DATABASE_URL']).path.lstrip('/')} "
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if name in (process / "cmdline").read_text() and (fields := _fields(process))[1] == _server():
                # With the moment it began: a number is given again.
                _backends[f"{process.name} {fields[19]}"] = (int(fields[11]) + int(fields[12])) / _TICK
        except OSError:
            continue
    return sum(_backends.values())


def _now() -> list[float]:
    times = os.times()
    programs = times.children_user + times.children_system
    return [time.perf_counter(), time.process_time(), programs, _spent_in_the_database()]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    now = _now()
    _last[:] = [time.perf_counter(), time.process_time(), *now[2:]]
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    now = _now()
    item.user_properties = [("costs", [b - a for a, b in zip(_last, now, strict=True)])]
    # Without what it costs to look at every process of the machine.
    _last[:] = [time.perf_counter(), time.process_time(), *now[2:]]
    return (yield)


class _Table:
    def __init__(self) -> None:
        self._of: dict[str, list[float]] = defaultdict(lambda: [0.0] * len(_NAMES))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = report.nodeid.partition("::")[0]
        parts = file.split("/")
        folder = "/".join(parts[: 3 if parts[1] == "apps" else 2])
        for name, spent in report.user_properties:
            if name == "costs" and isinstance(spent, list):
                for row in ("(all)", folder, file):
                    self._of[row] = [a + b for a, b in zip(self._of[row], spent, strict=True)]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("costs in seconds")
        for row, spent in sorted(self._of.items()):
            if not row.endswith(".py") or sum(spent[1:]) >= LEAST_S:
                figures = "".join(f"{value:10.1f} {name}" for name, value in zip(_NAMES, spent, strict=True))
                terminalreporter.write_line(f"{row:70}{figures}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Table(), "costs table")
