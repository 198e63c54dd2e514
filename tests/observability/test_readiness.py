"""Readiness of this machine: its memory, and whether it is stopping."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from schoolops.health import builtin, checks, machine
from schoolops.observability import slots

# No group but the one at the root.
NOWHERE = Path("/nowhere")


def a_group(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        place = folder / name.replace("__", "/").replace("_DOT_", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text + "\n", encoding="ascii")
    return folder


def test_memory_is_that_of_our_control_group_without_what_could_be_dropped(tmp_path: Path) -> None:
    group = a_group(
        tmp_path,
        memory_DOT_current="950",
        memory_DOT_max="1000",
        memory_DOT_stat="anon 700\ninactive_file 200",
    )
    assert machine.memory_used(group, NOWHERE) == (0.75, "cgroup")


def test_the_older_kind_of_control_group_counts_too(tmp_path: Path) -> None:
    group = a_group(
        tmp_path,
        memory__memory_DOT_usage_in_bytes="980",
        memory__memory_DOT_limit_in_bytes="1000",
        memory__memory_DOT_stat="cache 3\ntotal_inactive_file 20",
    )
    assert machine.memory_used(group, NOWHERE) == (0.96, "cgroup")


@pytest.mark.parametrize(
    ("where", "prefix", "names"),
    [
        ("0::/system.slice/schoolops-web.service", "", ("memory.current", "memory.max", "inactive_file")),
        (
            "9:cpu,cpuacct:/elsewhere\n4:memory:/system.slice/schoolops-web.service\n0::/",
            "memory",
            ("memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file"),
        ),
    ],
    ids=["v2", "v1"],
)
@pytest.mark.parametrize(("service", "slice_", "share"), [(900, 500, 0.9), (500, 950, 0.95)])
def test_a_services_own_limit_counts_and_that_of_what_it_stands_in(
    tmp_path: Path, where: str, prefix: str, names: tuple[str, str, str], service: int, slice_: int, share: float
) -> None:
    """Outside of a container the group of a process is not the one at the root."""
    for used, group in ((service, "system.slice/schoolops-web.service"), (slice_, "system.slice")):
        folder = tmp_path / prefix / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / names[0]).write_text(f"{used}\n")
        (folder / names[1]).write_text("1000\n")
        (folder / "memory.stat").write_text(f"{names[2]} 0\n")
    (tmp_path / "membership").write_text(where + "\n")
    assert machine.memory_used(tmp_path, tmp_path / "membership") == (share, "cgroup")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"memory_DOT_current": "950", "memory_DOT_max": "max", "memory_DOT_stat": "inactive_file 0"},
        {
            "memory__memory_DOT_usage_in_bytes": "980",
            "memory__memory_DOT_limit_in_bytes": str(2**63 - 4096),
            "memory__memory_DOT_stat": "total_inactive_file 0",
        },
    ],
)
def test_without_a_limit_it_is_that_of_the_machine(tmp_path: Path, files: dict[str, str]) -> None:
    used, whose = machine.memory_used(a_group(tmp_path, **files), NOWHERE)
    assert whose == "machine"
    assert used == pytest.approx(psutil.virtual_memory().percent / 100, abs=0.2)


@pytest.mark.parametrize(("used", "status"), [(0.90, "ok"), (0.91, "degraded")])
def test_memory_that_runs_out_degrades(monkeypatch: pytest.MonkeyPatch, used: float, status: str) -> None:
    monkeypatch.setattr(machine, "memory_used", lambda: (used, "cgroup"))
    answer = checks._ask(checks._checks["memory"])
    assert answer["status"] == status
    assert answer["usedPercent"] == used * 100


def test_a_server_told_to_stop_takes_nobody_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_folder", tmp_path)
    serving = checks._checks["serving"]
    assert checks._ask(serving)["status"] == "ok"
    # Another server of this installation is being stopped, this one not.
    slots.drain_file(tmp_path, os.getpid()).touch()
    assert checks._ask(serving)["status"] == "ok"
    slots.drain_file(tmp_path, os.getppid()).touch()
    answer = checks._ask(serving)
    assert (answer["status"], answer["error"]) == ("unavailable", builtin.Draining.__name__)


def test_a_server_that_starts_clears_up_after_those_that_are_gone_and_only_after_them(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for server in (gone.pid, os.getpid(), os.getppid()):
        slots.drain_file(tmp_path, server).touch()
    slots.wipe(tmp_path)
    assert list(tmp_path.iterdir()) == [slots.drain_file(tmp_path, os.getppid())]
