from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from schoolops import launcher
from schoolops.launcher.places import home_and_user

from . import school


def test_postgres_killed_keeps_what_was_committed(place: Path) -> None:
    servers = launcher.start(launcher.DURABLE, place / "demo")
    school.enrol(servers, "Ada")
    assert servers.postgres_pid is not None
    school.kill(servers.postgres_pid)
    servers.leave_running()

    with launcher.start(launcher.DURABLE, place / "demo") as again:
        assert again.postgres_pid != servers.postgres_pid
        assert again.valkey_pid == servers.valkey_pid
        assert school.enrolled(again) == (["Ada"], 1)


def test_a_server_that_ends_is_named(place: Path) -> None:
    with launcher.start(launcher.THROWAWAY, place / "demo") as servers:
        servers.check()
        assert servers.valkey_pid is not None
        school.kill(servers.valkey_pid)
        with pytest.raises(launcher.ServerEnded, match="Valkey has ended"):
            servers.check()


def test_servers_that_ended_are_started_again_at_their_address(place: Path) -> None:
    with launcher.start(launcher.DURABLE, place / "demo") as servers:
        school.enrol(servers, "Ada")
        assert servers.tend() == []
        assert servers.valkey_pid is not None
        school.kill(servers.valkey_pid)
        assert servers.tend() == ["Valkey"]
        servers.kill_postgres()
        assert servers.tend() == ["PostgreSQL"]

        assert school.enrolled(servers) == (["Ada"], 1)
        servers.check()


def test_orphaned_backends_do_not_keep_a_killed_server_down(place: Path) -> None:
    servers = launcher.start(launcher.DURABLE, place / "demo")
    with psycopg.connect(servers.superuser_url) as connection:
        backend = connection.info.backend_pid
        # Stopped, it does not notice that its server is dead, and keeps the shared memory.
        os.kill(backend, signal.SIGSTOP)
        assert servers.postgres_pid is not None
        school.kill(servers.postgres_pid)
        servers.leave_running()

        with launcher.start(launcher.DURABLE, place / "demo") as again:
            assert not school.runs(backend)
            assert school.setting(again.database_url, "fsync") == "on"


def test_both_servers_killed_and_restarted_in_place_answer_at_the_same_address(place: Path) -> None:
    with launcher.start(launcher.DURABLE, place / "demo") as servers:
        school.enrol(servers, "Ada")

        servers.kill_postgres()
        servers.kill_valkey()
        assert school.living_below(place) == []
        servers.restart_postgres()
        servers.restart_valkey()

        assert school.enrolled(servers) == (["Ada"], 1)


def test_a_killed_launcher_leaves_servers_the_next_one_adopts(place: Path) -> None:
    with school.another_launcher(place / "demo", "launcher.start(launcher.THROWAWAY, folder)"):
        before = launcher.status(place / "demo")
        assert before.postgres_pid

    with launcher.start(launcher.THROWAWAY, place / "demo") as servers:
        assert (servers.postgres_pid, servers.valkey_pid) == (before.postgres_pid, before.valkey_pid)


@pytest.mark.parametrize("state", ["a stranger", "a zombie"])
def test_a_pid_file_that_names_someone_else_is_not_believed(place: Path, state: str) -> None:
    with launcher.start(launcher.THROWAWAY, place / "demo") as servers:
        port = launcher.status(place / "demo").postgres_port
    home, user = home_and_user(servers.folder)
    # Same OS user: PostgreSQL itself would take it for its own server and refuse to start.
    stranger = user.spawn(["/bin/sleep", "300"], log=place / "sleep.log")
    try:
        if state == "a zombie":
            stranger.kill()
            while school.runs(stranger.pid):
                pass
        pid_file = home / "postgres" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{home / 'postgres'}\n1700000000\n{port}\n\n127.0.0.1\n\nready\n")
        os.chown(pid_file, user.uid, user.gid)

        with launcher.start(launcher.THROWAWAY, place / "demo") as again:
            assert again.postgres_pid != stranger.pid
            assert school.setting(again.database_url, "fsync") == "off"
            assert school.runs(stranger.pid) == (state == "a stranger")
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_first_start_is_begun_anew(place: Path) -> None:
    with launcher.start_valkey(launcher.DURABLE, place / "demo") as servers:
        home, _ = home_and_user(servers.folder)
    unfinished = home / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    with launcher.start(launcher.DURABLE, place / "demo") as servers:
        assert school.setting(servers.database_url, "fsync") == "on"


def test_damaged_throwaway_data_is_made_anew(place: Path) -> None:
    _damaged(place / "test", launcher.THROWAWAY)

    with launcher.start(launcher.THROWAWAY, place / "test") as servers, pytest.raises(psycopg.errors.UndefinedTable):
        school.enrolled(servers)


def test_damaged_durable_data_is_left_for_a_person(place: Path) -> None:
    control_file = _damaged(place / "demo", launcher.DURABLE)

    with pytest.raises(launcher.ServerDidNotStart, match="pg_control"):
        launcher.start(launcher.DURABLE, place / "demo")
    assert control_file.parent.exists()
    assert school.living_below(place) == []


def test_data_of_another_major_version_is_refused_by_name(place: Path) -> None:
    with launcher.start(launcher.DURABLE, place / "demo") as servers:
        home, _ = home_and_user(servers.folder)
    (home / "postgres" / "PG_VERSION").write_text("15\n")

    with pytest.raises(launcher.LauncherError, match="was made by PostgreSQL 15"):
        launcher.start(launcher.DURABLE, place / "demo")


def test_a_folder_deleted_under_running_servers_can_be_started_afresh(place: Path) -> None:
    servers = launcher.start(launcher.THROWAWAY, place / "demo")
    servers.leave_running()
    shutil.rmtree(place / "demo")
    try:
        with launcher.start(launcher.THROWAWAY, place / "demo") as again:
            assert again.postgres_pid != servers.postgres_pid
            assert school.setting(again.database_url, "fsync") == "off"
    finally:
        for pid in (servers.postgres_pid, servers.valkey_pid):
            if pid and school.runs(pid):
                school.kill(pid)


def test_the_command_line_starts_shows_and_stops(place: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from schoolops.launcher import __main__ as commands;"
        "commands.FOLDERS = Path(sys.argv.pop(1)); sys.exit(commands.main())"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, str(place), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).resolve().parents[2],
        )

    assert run("status", "demo").returncode == 3
    assert run("start", "demo", "--profile", "throwaway").returncode == 0
    assert "PostgreSQL runs on port" in run("status", "demo").stdout
    assert run("env", "demo").stdout.count("export ") == 3
    assert run("stop", "demo").returncode == 0
    assert school.living_below(place) == []
    assert run("env", "demo").returncode == 3


def _damaged(folder: Path, profile: launcher.Profile) -> Path:
    with launcher.start(profile, folder) as servers:
        school.enrol(servers, "Ada")
        home, _ = home_and_user(servers.folder)
    control_file = home / "postgres" / "global" / "pg_control"
    control_file.unlink()
    return control_file
