"""Debian's Chromium: found, installed where we may, and otherwise a reason why there is none.

A browser that a Python library downloads is one that nobody updates; the distribution's gets its security fixes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-noto-core"),
)


class NoChromium(Exception):
    """There is no browser to test with; the text says why and what to do."""


def found() -> Path:
    """The browser's program. As root it is installed first where it is missing. Raises ``NoChromium``."""
    if (path := _path()) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # Two workers of one run want it at once.
        with Path(tempfile.gettempdir(), "schoolops-chromium.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            path = _path() or _installed()
    if path is None:
        raise NoChromium("There is no Chromium here. On Debian and Ubuntu: sudo apt-get install chromium")
    return path


def must_be_there() -> bool:
    """Whether a missing browser fails the run: in a pipeline a skipped test is a test nobody runs."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def _path() -> Path | None:
    return next((Path(path) for name in NAMES if (path := shutil.which(name))), None)


def _installed() -> Path | None:
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in INSTALL:
        done = subprocess.run(command, env=quietly, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoChromium(f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")
    return _path()
