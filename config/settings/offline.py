"""For tools that look at the code and connect to nothing: the type checker, the reference, makemigrations.

Fixed values whatever the machine's environment says, so that they find the same on a clean clone and on a laptop.
"""

from __future__ import annotations

from config.env import pretend

pretend(
    {
        "SECRET_KEY": "offline-only-" + "not-a-secret-" * 5,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nowhere",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOWED_HOSTS": "localhost",
    }
)

from config.settings.base import *  # noqa: F403

METRICS_FOLDER = None
