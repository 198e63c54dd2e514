"""Scripts and styles, where no proxy serves them: the demo, development, tests."""

from __future__ import annotations

from django.conf import settings
from django.contrib.staticfiles.views import serve
from django.urls import URLPattern, path


def assets() -> list[URLPattern]:
    """``/static/…`` from the apps' own folders; nothing in production."""
    if not settings.SERVE_STATIC:
        return []
    return [path(f"{settings.STATIC_URL.strip('/')}/<path:path>", serve, {"insecure": True})]
