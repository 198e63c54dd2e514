from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from schoolops import launcher

from . import school


def test_the_second_launcher_is_told_who_has_the_folder(place: Path) -> None:
    with school.another_launcher(place / "demo", "launcher.start_valkey(launcher.THROWAWAY, folder)") as first:
        for attempt in (launcher.start, launcher.start_postgres):
            with pytest.raises(launcher.FolderInUse, match=f"in use by process {first.pid}"):
                attempt(launcher.THROWAWAY, place / "demo")
        for ending in (launcher.stop, launcher.remove):
            with pytest.raises(launcher.FolderInUse):
                ending(place / "demo")
        assert launcher.status(place / "demo").valkey_pid is not None


def test_another_folder_is_another_matter(place: Path) -> None:
    with (
        launcher.start_valkey(launcher.THROWAWAY, place / "demo") as demo,
        launcher.start_valkey(launcher.THROWAWAY, place / "test") as test,
    ):
        assert demo.redis_url != test.redis_url


def test_a_forked_child_that_outlives_us_does_not_keep_the_folder(place: Path) -> None:
    lock = launcher.hold(place / "demo")
    child = os.fork()
    if child == 0:
        time.sleep(300)
        os._exit(0)
    try:
        lock.release()
        launcher.hold(place / "demo").release()
        lock = launcher.hold(place / "demo")
        with pytest.raises(launcher.FolderInUse):
            launcher.hold(place / "demo")
        lock.release()
    finally:
        school.kill(child)
        os.waitpid(child, 0)


def test_two_that_start_at_the_same_moment_give_one_winner(place: Path) -> None:
    def attempt() -> bool:
        try:
            lock = launcher.hold(place / "demo")
        except launcher.FolderInUse:
            return False
        time.sleep(1)
        lock.release()
        return True

    reading, writing = os.pipe()
    children = []
    for _ in range(6):
        child = os.fork()
        if child == 0:
            os.write(writing, b"1" if attempt() else b"0")
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)

    assert sorted(os.read(reading, 6)) == sorted(b"000001")
    os.close(reading)
    os.close(writing)
