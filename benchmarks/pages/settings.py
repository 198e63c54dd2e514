"""The tests' settings; one user asks for everything, as fast as possible."""

from __future__ import annotations

from config.settings.test import *  # noqa: F403

RATE_LIMIT_FACTOR = 10_000
