from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from apps.attendance import permissions  # noqa: F401 - declares them


class AttendanceConfig(AppConfig):
    """The app of attendance."""

    name = "apps.attendance"
    label = "attendance"
    verbose_name = gettext_lazy("Attendance")
