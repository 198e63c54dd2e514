"""The local settings, and the measured tasks."""

import os

from config.settings.local import *  # noqa: F403
from config.settings.local import DATABASES, INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.jobs.apps.JobsBenchmarkConfig"]
# Both engines say what goes wrong and nothing else.
LOGGING["root"]["level"] = "WARNING"
BENCH_TUNED = os.environ.get("BENCH_TUNED") == "1"
# A job of the ledger commits without waiting for the disk, safely, since its end is lost together with its effect.
# Plain Celery would lose effects that way; it is measured so all the same, to compare engines and not disks.
if os.environ.get("BENCH_ASYNC") == "1":
    DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
