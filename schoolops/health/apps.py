from django.apps import AppConfig


class HealthConfig(AppConfig):
    """Health's app."""

    name = "schoolops.health"
    label = "health"

    def ready(self) -> None:
        from schoolops.health import access, builtin, gauges, queues  # noqa: F401
