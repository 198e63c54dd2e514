from django.apps import AppConfig


class ChaosConfig(AppConfig):
    """Declares the jobs of the chaos test in every process of it, and plants its barriers."""

    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        from tests.chaos import barrier, tasks  # noqa: F401

        barrier.plant()
