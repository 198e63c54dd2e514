from django.apps import AppConfig


class ResilienceConfig(AppConfig):
    """Resilience's app."""

    name = "schoolops.resilience"
    label = "resilience"

    def ready(self) -> None:
        # Mail is sent by few processes; that it can be refused, all of them describe.
        from schoolops.resilience import mail, route_groups  # noqa: F401

        route_groups.install()
