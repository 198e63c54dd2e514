"""Tests: real servers, cheap password hashes, nothing sent anywhere."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import env

SECRET_KEY = "test-only-" + "not-a-secret-" * 5
ALLOWED_HOSTS = [".localhost", "localhost", "testserver"]
# One person of a test asks as often as a school does.
RATE_LIMIT_FACTOR = 100
PASSWORD_HASHERS = ["tests.support.hashing.QuickHasher"]
# Each test process counts for itself.
METRICS_FOLDER = None
EMAIL_BACKEND_BEHIND = "django.core.mail.backends.locmem.EmailBackend"
SMS_LOGGED = True
# Nobody is there; a test that pays starts one, and so do the browser tests for the site's process.
SANDBOX_GATEWAY_URL = env.text("SANDBOX_GATEWAY_URL") or "http://127.0.0.1:9"
STRIPE_URL = ""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
