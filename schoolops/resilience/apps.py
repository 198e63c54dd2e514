from django.apps import AppConfig


class ResilienceConfig(AppConfig):
    """Resilience's app."""

    name = "schoolops.resilience"
    label = "resilience"

    def ready(self) -> None:
        from schoolops.resilience import route_groups

        route_groups.install()
