"""The office as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """The app of the office."""

    name = "apps.office"
    label = "office"
