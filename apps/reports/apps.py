from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from apps.reports import permissions  # noqa: F401 - declares them


class ReportsConfig(AppConfig):
    """The app of what is printed."""

    name = "apps.reports"
    label = "reports"
    verbose_name = gettext_lazy("Reports")
