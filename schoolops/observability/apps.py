from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    """Observability's app."""

    name = "schoolops.observability"
    label = "observability"

    def ready(self) -> None:
        from schoolops.observability import instruments, metrics  # noqa: F401 - the table, before it is made

        instruments.start()
        from schoolops.observability import queries

        queries.install()
