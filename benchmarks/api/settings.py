"""The tests' settings with the bare views beside the real ones."""

from __future__ import annotations

from config.settings.test import *  # noqa: F403

ROOT_URLCONF = "benchmarks.api.urls"
# One user asks for everything, as fast as possible.

RATE_LIMIT_FACTOR = 1_000
