"""Clubs as a Django app."""

from __future__ import annotations

from django.apps import AppConfig

from tests.apps.office.clubs import permissions  # noqa: F401 - declares them


class ClubsConfig(AppConfig):
    """The app of the clubs."""

    name = "tests.apps.office.clubs"
    label = "clubs"
