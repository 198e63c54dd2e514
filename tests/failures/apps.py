import os
from pathlib import Path

from django.apps import AppConfig


class FailuresConfig(AppConfig):
    """Declares the matrix's jobs in every process, and lets its clock be set where a row does."""

    name = "tests.failures"
    label = "failures"

    def ready(self) -> None:
        from tests.failures import hands, tasks  # noqa: F401

        if file := os.environ.get(hands.VARIABLE):
            hands.follow(Path(file))
