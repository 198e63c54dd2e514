from django.apps import AppConfig


class JobsBenchmarkConfig(AppConfig):
    """Declares the measured tasks in every process of the benchmark."""

    name = "benchmarks.jobs"
    label = "jobs_benchmark"

    def ready(self) -> None:
        from benchmarks.jobs import tasks  # noqa: F401
