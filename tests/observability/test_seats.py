"""Counts of many processes: exact over hundreds of lives, in as many files as lived at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import BASE_DIR
from schoolops.observability import slots

PROGRAM = """
import sys, time
from pathlib import Path
from django.conf import settings
settings.configure(METRICS_FOLDER=Path(sys.argv[1]))
from schoolops.observability import instruments, slots
from schoolops.observability.instruments import Metric
births = Metric(name="test.births", sentence="Lives begun.", kind="counter", labels=("tenant",))
size = Metric(name="test.size", sentence="How big.", kind="gauge", merge="livemax")
births.count("oak")
size.set(float(sys.argv[2]))
print(slots.number(), flush=True)
if len(sys.argv) > 3:
    sys.stdin.read()
"""
READER = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(METRICS_FOLDER=Path(sys.argv[1]))
from schoolops.observability import exposition, instruments
instruments.start()
print(exposition.scrape().decode())
"""


def live(folder: Path, size: int = 1, *, stay: bool = False) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(size), *(["stay"] if stay else [])],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def seat_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def scraped(folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", READER, str(folder)], cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    lines = [line.rpartition(" ") for line in done.stdout.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_lives_that_follow_one_another_share_a_seat_and_lose_no_count(tmp_path: Path) -> None:
    for _ in range(3):
        assert live(tmp_path).communicate()[0] == "0\n"
    assert [file.name for file in tmp_path.glob("counter_*.db")] == ["counter_0.db"]
    assert scraped(tmp_path)['schoolops_test_births_total{tenant="oak"}'] == 3


def test_processes_side_by_side_sit_apart_and_a_killed_ones_seat_is_taken_again(tmp_path: Path) -> None:
    first, second = live(tmp_path, 5, stay=True), live(tmp_path, 7, stay=True)
    try:
        assert {seat_of(first), seat_of(second)} == {0, 1}
        assert len(slots.taken(tmp_path)) == 2
        before = scraped(tmp_path)
        assert before['schoolops_test_births_total{tenant="oak"}'] == 2
        assert before["schoolops_test_size"] == 7
        ended(second)
        after = scraped(tmp_path)
        # What it counted stays; what it measured of itself goes with it.
        assert after['schoolops_test_births_total{tenant="oak"}'] == 2
        assert after["schoolops_test_size"] == 5
    finally:
        ended(first)
        ended(second)


def test_an_installation_begins_anew_only_when_nobody_counts_any_more(tmp_path: Path) -> None:
    running = live(tmp_path, stay=True)
    try:
        seat_of(running)
        assert slots.wipe(tmp_path) is False
        assert list(tmp_path.glob("*.db"))
    finally:
        ended(running)
    assert slots.wipe(tmp_path) is True
    assert not list(tmp_path.glob("*.db"))


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(slots.NotOurFolder):
        slots.use(folder)
    assert slots.folder() is None


def test_two_installations_on_one_machine_do_not_share_a_folder(tmp_path: Path) -> None:
    assert slots.folder_for("one", tmp_path) != slots.folder_for("two", tmp_path)
    assert slots.folder_for("one", tmp_path) == slots.folder_for("one", tmp_path)
    assert str(os.getuid()) in slots.folder_for("one", tmp_path).name or not os.access("/dev/shm", os.W_OK)
