"""The local settings with the chaos test's jobs and addresses."""

import os
from pathlib import Path

from config.settings.local import *  # noqa: F403
from config.settings.local import INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.apps.ChaosConfig"]
ROOT_URLCONF = "tests.chaos.urls"
CHAOS_FOLDER = Path(os.environ["CHAOS_FOLDER"])
CHAOS_ENGINE = os.environ.get("CHAOS_ENGINE", "ledger")
QUEUES_JOURNAL_FOLDER = CHAOS_FOLDER / "journal"
LOGGING["root"]["level"] = "WARNING"

# A few people ask for as much as the machine can do.
RATE_LIMIT_FACTOR = 1_000
