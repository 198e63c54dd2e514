"""The tests' settings with the bare views beside the real ones."""

from __future__ import annotations

from config.settings.test import *  # noqa: F403

ROOT_URLCONF = "benchmarks.api.urls"
