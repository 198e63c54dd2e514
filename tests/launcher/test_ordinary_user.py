from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from schoolops import launcher

from . import school


@pytest.fixture
def shared(place: Path) -> Path:
    folder = place / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def test_an_ordinary_user_starts_restarts_and_stops_the_servers(shared: Path) -> None:
    def work() -> list[object]:
        with launcher.start(launcher.DURABLE, shared / "demo") as servers:
            school.enrol(servers, "Ada")
            owner = Path(f"/proc/{servers.postgres_pid}").stat().st_uid
        with launcher.start(launcher.DURABLE, shared / "demo") as servers:
            return [owner, *school.enrolled(servers)]

    user = school.an_ordinary_user()
    uid = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    assert school.in_another_process(work, user=user) == [uid, ["Ada"], 1]
    assert school.living_below(shared) == []


@pytest.mark.usefixtures("as_root")
def test_root_runs_the_servers_as_someone_who_may_do_nothing(place: Path) -> None:
    with launcher.start(launcher.THROWAWAY, place / "demo") as servers:
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in (servers.postgres_pid, servers.valkey_pid)}
    assert len(owners) == 1
    assert owners != {0}
    assert pwd.getpwuid(owners.pop()).pw_name in ("postgres", "nobody")


@pytest.mark.usefixtures("as_root")
def test_root_goes_on_with_a_users_data_as_that_user(shared: Path) -> None:
    def as_bob() -> None:
        with launcher.start(launcher.DURABLE, shared / "demo") as servers:
            school.enrol(servers, "Ada")

    def as_bob_again() -> object:
        with launcher.start(launcher.DURABLE, shared / "demo") as servers:
            return school.enrolled(servers)

    school.in_another_process(as_bob, user="nobody")
    with launcher.start(launcher.DURABLE, shared / "demo") as servers:
        assert school.enrolled(servers) == (["Ada"], 1)
        assert Path(f"/proc/{servers.postgres_pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert school.in_another_process(as_bob_again, user="nobody") == [["Ada"], 1]


@pytest.mark.usefixtures("as_root")
def test_a_user_is_told_whose_the_folder_is(place: Path) -> None:
    with launcher.start_valkey(launcher.THROWAWAY, place / "demo"):
        pass

    def work() -> str:
        with pytest.raises(launcher.FolderNotOurs) as refusal:
            launcher.start(launcher.THROWAWAY, place / "demo")
        return str(refusal.value)

    assert "belongs to the OS user root" in school.in_another_process(work, user="nobody")
