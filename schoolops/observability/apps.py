from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    """Observability's app."""

    name = "schoolops.observability"
    label = "observability"

    def ready(self) -> None:
        from django.conf import settings

        from schoolops.observability import instruments, metrics, tracing  # noqa: F401 - the table, before it is made

        instruments.start()
        from schoolops.observability import queries

        queries.install()
        tracing.want(settings.TRACES_URL, settings.TRACES_PERCENT)
