"""The family's pages as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from apps.family import permissions  # noqa: F401 - declares them


class FamilyConfig(AppConfig):
    """The app of the family's pages."""

    name = "apps.family"
    label = "family"
    verbose_name = gettext_lazy("Family")
