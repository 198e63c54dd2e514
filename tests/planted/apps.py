import os

from django.apps import AppConfig


class PlantedConfig(AppConfig):
    """Plants what ``PLANTED`` names, in a stack that is there to be tried; nothing, where it names nothing."""

    name = "tests.planted"
    label = "planted"

    def ready(self) -> None:
        from tests.planted.faults import FAULTS, VARIABLE

        if name := os.environ.get(VARIABLE):
            FAULTS[name]()
