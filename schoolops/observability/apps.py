from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    """Observability's app."""

    name = "schoolops.observability"
    label = "observability"
