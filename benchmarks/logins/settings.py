"""What is served, less the proxy that encrypts; hashes as in production."""

from __future__ import annotations

from config.settings.local import *  # noqa: F403
