from django.apps import AppConfig


class FailuresConfig(AppConfig):
    """Declares the matrix's jobs in every process."""

    name = "tests.failures"
    label = "failures"

    def ready(self) -> None:
        from tests.failures import tasks  # noqa: F401
