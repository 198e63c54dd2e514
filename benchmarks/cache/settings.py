"""The tests' settings: nothing here asks a database."""

from __future__ import annotations

from config.settings.test import *  # noqa: F403
