"""The cache's app, for its command."""

from __future__ import annotations

from django.apps import AppConfig


class CacheConfig(AppConfig):
    name = "schoolops.cache"
    label = "cache"
