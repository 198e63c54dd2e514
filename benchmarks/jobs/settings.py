"""The local settings, and the measured tasks."""

import os

from config.settings.local import *  # noqa: F403
from config.settings.local import INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.jobs.apps.JobsBenchmarkConfig"]
# Both engines say what goes wrong and nothing else.
LOGGING["root"]["level"] = "WARNING"
BENCH_TUNED = os.environ.get("BENCH_TUNED") == "1"
