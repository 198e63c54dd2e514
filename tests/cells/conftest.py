"""A second server, started once, with the shared tables and no school. Imports wait until Django is set up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from schoolops import launcher
from tests import floor

if TYPE_CHECKING:
    from tests.cells.north import North


@pytest.fixture(scope="session")
def north(django_db_setup: None) -> Iterator[North]:
    from django.conf import settings

    from tests.cells.north import North

    lock = launcher.hold_spare(floor.FOLDER.with_name("test-north"))
    with launcher.start(floor.PROFILE, lock.folder, lock=lock) as servers:
        found = North(servers)
        migrate = [sys.executable, "-W", "ignore", str(settings.MANAGE), "migrate", "--shared-only", "--skip-checks"]
        done = subprocess.run(found.command(*migrate), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        yield found
