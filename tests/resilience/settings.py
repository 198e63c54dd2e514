"""The tests' settings with views that sleep, served as the site is."""

from __future__ import annotations

from config.settings.local import *  # noqa: F403

ROOT_URLCONF = "tests.resilience.urls"
