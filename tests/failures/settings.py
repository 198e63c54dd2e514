"""The local settings with the matrix's jobs and addresses."""

from tests.observe.settings import *  # noqa: F403
from tests.observe.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.failures.apps.FailuresConfig", "tests.planted.apps.PlantedConfig"]
ROOT_URLCONF = "tests.failures.urls"
