from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


class ObserveConfig(AppConfig):
    """Declares the rehearsal's jobs in every process, and points at its control group."""

    name = "tests.observe"
    label = "observe"

    def ready(self) -> None:
        from schoolops.health import machine
        from tests.observe import tasks  # noqa: F401

        # The kernel's files cannot be filled without filling the machine: these are the rehearsal's own.
        machine.CGROUP = Path(settings.OBSERVE_FOLDER) / "cgroup"
