from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class StaffConfig(AppConfig):
    """The app of staff."""

    name = "apps.staff"
    label = "staff"
    verbose_name = gettext_lazy("Staff")
