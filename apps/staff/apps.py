from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from apps.staff import permissions  # noqa: F401 - declares them


class StaffConfig(AppConfig):
    """The app of staff."""

    name = "apps.staff"
    label = "staff"
    verbose_name = gettext_lazy("Staff")
