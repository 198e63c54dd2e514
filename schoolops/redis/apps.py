"""Redis' app, for its command; says where telemetry goes and counts lost connections."""

from __future__ import annotations

from django.apps import AppConfig


class RedisConfig(AppConfig):
    name = "schoolops.redis"
    label = "redis"

    def ready(self) -> None:
        from schoolops.observability import telemetry
        from schoolops.observability.metrics import REDIS_DISCONNECTS
        from schoolops.redis.connection import on_disconnect
        from schoolops.redis.telemetry import Buffer

        telemetry.use(Buffer())
        on_disconnect(REDIS_DISCONNECTS.count)
