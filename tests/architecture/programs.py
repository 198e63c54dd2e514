"""Python started with every variable of ours fixed, so that no ``.env`` of this machine has a say."""

from __future__ import annotations

import subprocess
import sys

from config.env import BASE_DIR, SETTINGS, VARIABLES, inherited

# What production asks for, at least.
STRONG = {
    "SECRET_KEY": "q8Zr-4tW_uY2nX7bV0cM9aS6dF3gH1jK5lP_oI8eR-wT4yU2iO0pA7sD",
    "PLATFORM_TOKEN": "m5N8b2V7c1X9z4A6s3D0f_G-hJkL-qWe",
    "ALLOWED_HOSTS": ".schools.example.org",
    "DATABASE_URL": "postgres://web:secret@127.0.0.1:1/schoolops",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def python(code: str, *, settings: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` under ``settings`` with ``variables`` on top of the defaults."""
    defaults = {variable.name: variable.default for variable in VARIABLES}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**inherited(), **defaults, **variables, SETTINGS: f"config.settings.{settings}"},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
