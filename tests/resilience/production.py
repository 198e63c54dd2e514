"""A production, but for its static files: their names are made as the demo makes them, and none is collected."""

from __future__ import annotations

from config.settings.production import *  # noqa: F403

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.assets.MarkedStaticFiles"},
}
