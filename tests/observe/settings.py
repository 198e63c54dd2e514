"""The local settings with the rehearsal's jobs, addresses and disk."""

import os
from pathlib import Path

from config.settings.local import *  # noqa: F403
from config.settings.local import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.observe.apps.ObserveConfig"]
ROOT_URLCONF = "tests.observe.urls"
OBSERVE_FOLDER = Path(os.environ["OBSERVE_FOLDER"])
QUEUES_JOURNAL_FOLDER = OBSERVE_FOLDER / "journal"
MEDIA_ROOT = OBSERVE_FOLDER / "media"
