"""A folder of its own for every test, one that every OS user may enter; what runs in it is ended afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from schoolops import launcher


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder to put the servers' folders in. pytest's own is closed to all but its owner."""
    folder = Path(tempfile.mkdtemp(prefix="launcher-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    for servers_folder in {file.parent for file in folder.rglob("launcher.lock")}:
        launcher.remove(servers_folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cluster() -> Iterator[launcher.Servers]:
    """Running servers for tests that only look at them."""
    folder = Path(tempfile.mkdtemp(prefix="launcher-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    with launcher.start(launcher.THROWAWAY, folder / "servers") as servers:
        yield servers
    launcher.remove(folder / "servers")
    shutil.rmtree(folder)


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root runs the servers as another OS user")
