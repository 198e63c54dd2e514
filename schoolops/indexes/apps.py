"""The index registry's app: its system check keeps indexes out of ``Meta`` and out of foreign keys."""

from __future__ import annotations

from django.apps import AppConfig


class IndexesConfig(AppConfig):
    name = "schoolops.indexes"
    label = "indexes"

    def ready(self) -> None:
        from schoolops.indexes import checks  # noqa: F401
