"""Development and the demo: embedded servers, readable logs, tracebacks in the browser off by default."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import ALLOWED_HOSTS, REDIS_URL, SECRET_KEY, env

DEBUG = env.text("DEBUG").lower() in {"1", "true", "yes", "on"}
SECRET_KEY = SECRET_KEY or "local-only-" + "not-a-secret-" * 5
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.assets.MarkedStaticFiles"},
}
SMS_LOGGED = True
ALLOWED_HOSTS = ALLOWED_HOSTS or [".localhost", "localhost", "127.0.0.1"]

if not REDIS_URL and env.text("ALLOW_REDIS_MOCK").lower() in {"1", "true", "yes", "on"}:
    # An address at which nobody answers, as in an outage: the database answers instead of the cache, waits after wrong
    # passwords count in the process, jobs stay in their ledger.
    REDIS_URL = "redis://127.0.0.1:1/0"
    QUEUES_BROKER_URL = REDIS_URL
