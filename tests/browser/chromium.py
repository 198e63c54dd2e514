"""Debian's Chromium: found, installed where we may, and otherwise a reason why there is none.

A browser that a Python library downloads is one that nobody updates; the distribution's gets its security fixes.
The shell without windows does the same with a third of the processor, but cannot show a PDF.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SHELL = "chromium-headless-shell"
WHOLE = ("chromium", "chromium-browser", "google-chrome")
INSTALL = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", SHELL, "chromium", "fonts-noto-core"),
)


class NoChromium(Exception):
    """There is no browser to test with; the text says why and what to do."""


def found(*, whole: bool = False) -> Path:
    """The browser's program, which root gets where it is missing: the shell, or else another one that is there.

    ``whole``: one that shows PDFs. Raises ``NoChromium``.
    """
    wanted = WHOLE if whole else (SHELL,)
    path, why = _path(*wanted), ""
    if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # Two workers of one run want it at once.
        with Path(tempfile.gettempdir(), "schoolops-chromium.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            why = "" if _path(*wanted) else _install()
    path = path or _path(*wanted, *WHOLE)
    if path is None:
        raise NoChromium(
            why or f"There is no Chromium here. On Debian and Ubuntu: sudo apt-get install {SHELL} chromium"
        )
    return path


def must_be_there() -> bool:
    """Whether a missing browser fails the run: in a pipeline a skipped test is a test nobody runs."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def _path(*names: str) -> Path | None:
    return next((Path(path) for name in names if (path := shutil.which(name))), None)


@functools.cache
def _install() -> str:
    """Why it could not be installed; nothing, where it was."""
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in INSTALL:
        done = subprocess.run(command, env=quietly, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}"
    return ""
