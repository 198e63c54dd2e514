"""Prometheus' own tool, by which rules and expressions are judged."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def promtool() -> str:
    """Debian's promtool. Whoever may install it has no excuse: then it must be there."""
    found = shutil.which("promtool")
    if found:
        return found
    if os.geteuid():
        missing = "promtool is not installed (Debian: apt-get install prometheus)"
        # A pipeline that skips would say that the rules are right.
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    subprocess.run(["apt-get", "update", "-q"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "prometheus"], check=True)
    return shutil.which("promtool") or pytest.fail("prometheus is installed, promtool is not there")
