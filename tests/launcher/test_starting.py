from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from config import demo
from schoolops import launcher
from tests.smoke import stack

from . import school


def test_the_first_start_makes_a_database_and_two_logins(place: Path) -> None:
    with launcher.start(launcher.THROWAWAY, place / "demo") as servers:
        assert set(servers.environment()) == {"DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL"}
        with psycopg.connect(servers.database_url) as connection:
            row = connection.execute("SELECT current_user, current_database()").fetchone()
        assert row == ("schoolops_web", "schoolops")
        school.enrol(servers, "Ada")
        assert school.enrolled(servers) == (["Ada"], 1)


def test_starting_again_adopts_what_runs(place: Path) -> None:
    first = launcher.start(launcher.THROWAWAY, place / "demo")
    first.leave_running()

    with launcher.start(launcher.THROWAWAY, place / "demo", postgres_port=1, valkey_port=1) as second:
        assert second == first


@pytest.mark.parametrize("profile", [launcher.DURABLE, launcher.THROWAWAY], ids=lambda profile: profile.name)
def test_what_was_enrolled_is_there_after_a_restart(place: Path, profile: launcher.Profile) -> None:
    with launcher.start(profile, place / "demo") as servers:
        school.enrol(servers, "Ada")
    with launcher.start(profile, place / "demo") as servers:
        names, counted = school.enrolled(servers)

    assert names == ["Ada"]
    assert counted == (1 if profile is launcher.DURABLE else 0)


def test_a_running_server_with_other_settings_is_restarted(place: Path) -> None:
    throwaway = launcher.start(launcher.THROWAWAY, place / "demo")
    assert school.setting(throwaway.database_url, "fsync") == "off"
    throwaway.leave_running()

    with launcher.start(launcher.DURABLE, place / "demo") as durable:
        assert school.setting(durable.database_url, "fsync") == "on"
        with redis.Redis.from_url(durable.redis_url) as cache:
            assert cache.config_get("appendonly") == {"appendonly": "yes"}


def test_the_servers_are_set_for_many_schemas(cluster: launcher.Servers) -> None:
    assert school.setting(cluster.database_url, "max_locks_per_transaction") == "512"
    assert school.setting(cluster.database_url, "max_connections") == "200"
    assert school.setting(cluster.database_url, "jit") == "off"


def test_each_server_can_be_started_alone(place: Path) -> None:
    with launcher.start_valkey(launcher.THROWAWAY, place / "cache") as cache:
        assert set(cache.environment()) == {"REDIS_URL"}
        assert launcher.status(place / "cache").postgres_pid is None
    with launcher.start_postgres(launcher.THROWAWAY, place / "database") as database:
        assert set(database.environment()) == {"DATABASE_URL", "DATABASE_ADMIN_URL"}
        assert launcher.status(place / "database").valkey_pid is None


def test_nobody_gets_in_without_the_password(cluster: launcher.Servers) -> None:
    guessed = cluster.database_url.replace(cluster.database_url.split(":")[2].split("@")[0], "guessed")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(guessed)
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=int(cluster.redis_url.rpartition(":")[2].split("/")[0])).ping()


def test_passwords_lie_in_files_only_we_can_read(cluster: launcher.Servers) -> None:
    for name in ("passwords.json", "servers.env"):
        assert stat.S_IMODE((cluster.folder / name).stat().st_mode) == 0o600
    command_lines = [
        Path(f"/proc/{pid}/cmdline").read_text() for pid in (cluster.postgres_pid, cluster.valkey_pid) if pid
    ]
    secrets = (cluster.folder / "passwords.json").read_text().split('"')[3::4]
    assert len(secrets) == 4
    assert not [secret for secret in secrets for line in command_lines if secret in line]


def test_a_folder_with_spaces_and_a_very_long_name_will_do(place: Path) -> None:
    folder = place / "the schools of the county" / ("long " * 30).strip()

    with launcher.start(launcher.THROWAWAY, folder) as servers:
        school.enrol(servers, "Ada")
        assert school.enrolled(servers) == (["Ada"], 1)


def test_a_folder_that_is_in_use_has_a_spare_one(place: Path) -> None:
    with launcher.start_valkey(launcher.THROWAWAY, place / "test"):
        assert launcher.spare_folder(place / "test") == place / "test-2"
    assert launcher.spare_folder(place / "test") == place / "test"


def test_removing_clears_the_data(place: Path) -> None:
    with launcher.start(launcher.DURABLE, place / "demo") as servers:
        school.enrol(servers, "Ada")

    launcher.remove(place / "demo")

    assert not (place / "demo").exists()
    with launcher.start(launcher.DURABLE, place / "demo") as servers, pytest.raises(psycopg.errors.UndefinedTable):
        school.enrolled(servers)


@contextmanager
def _nothing_started(folder: Path, *, lock: launcher.FolderLock, **_: Any) -> Iterator[list[str]]:
    yield [each.name for each in folder.iterdir()]
    launcher.stop(folder, lock=lock)


def test_who_begins_while_another_ends_keeps_a_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[launcher.FolderLock] = []
    delete = shutil.rmtree

    def while_another_begins(path: Path, **more: Any) -> None:
        began.append(launcher.hold(launcher.spare_folder(stack.SMOKE)))
        delete(path, **more)

    monkeypatch.setattr(stack, "SMOKE", place / "smoke")
    monkeypatch.setattr(demo, "stack", _nothing_started)
    monkeypatch.setattr(shutil, "rmtree", while_another_begins)
    with stack.fresh_stack(own_servers=True):
        pass
    monkeypatch.undo()
    assert began
    assert all(lock.folder.is_dir() for lock in began)
    for lock in began:
        lock.release()


def test_what_a_killed_run_left_is_not_there_for_the_next(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher.hold(place / "smoke").release()
    (place / "smoke" / "media").mkdir()
    monkeypatch.setattr(stack, "SMOKE", place / "smoke")
    monkeypatch.setattr(demo, "stack", _nothing_started)
    with stack.fresh_stack(own_servers=True) as there:
        assert there == ["launcher.lock"]
    assert [*place.iterdir()] == []


def test_who_finds_the_spare_folder_taken_meanwhile_takes_the_next(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[launcher.FolderLock] = []
    look = launcher.FolderLock.is_free

    def taken_at_once(folder: Path) -> bool:
        free = look(folder)
        if not taken:
            taken.append(launcher.hold(folder))
        return free

    monkeypatch.setattr(launcher.FolderLock, "is_free", taken_at_once)
    lock = launcher.hold_spare(place / "test")
    assert (taken[0].folder, lock.folder) == (place / "test", place / "test-2")
    taken[0].release()
    lock.release()
