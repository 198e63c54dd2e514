"""Development and the demo: embedded servers, readable logs, tracebacks in the browser off by default."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import ALLOWED_HOSTS, SECRET_KEY, env

DEBUG = env.text("DEBUG").lower() in {"1", "true", "yes", "on"}
SECRET_KEY = SECRET_KEY or "local-only-" + "not-a-secret-" * 5
ALLOWED_HOSTS = ALLOWED_HOSTS or [".localhost", "localhost", "127.0.0.1"]
