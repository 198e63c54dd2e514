"""Tenancy's app: its check asks whether the database can hold the wall."""

from __future__ import annotations

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "schoolops.tenancy"
    label = "tenancy"
    # As operators read it in their navigation.
    verbose_name = "Schools"

    def ready(self) -> None:
        from schoolops.tenancy import checks  # noqa: F401
