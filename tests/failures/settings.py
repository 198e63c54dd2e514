"""The local settings with the matrix's jobs and addresses."""

from tests.observe.settings import *  # noqa: F403
from tests.observe.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.failures.apps.FailuresConfig"]
ROOT_URLCONF = "tests.failures.urls"
RATE_LIMIT_FACTOR = 1_000
