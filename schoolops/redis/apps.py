"""Redis' app, for its command."""

from __future__ import annotations

from django.apps import AppConfig


class RedisConfig(AppConfig):
    name = "schoolops.redis"
    label = "redis"
