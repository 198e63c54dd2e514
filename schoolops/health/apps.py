from django.apps import AppConfig


class HealthConfig(AppConfig):
    """Health's app."""

    name = "schoolops.health"
    label = "health"

    def ready(self) -> None:
        from schoolops.health import builtin, gauges  # noqa: F401
