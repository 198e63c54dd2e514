"""What is served, less the proxy that encrypts; hashes as in production."""

from __future__ import annotations

from config.settings.local import *  # noqa: F403

# Nobody logs in three hundred times in five seconds but this bench.
RATE_LIMIT_FACTOR = 1_000
