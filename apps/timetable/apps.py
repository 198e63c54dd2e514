from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class TimetableConfig(AppConfig):
    """The app of timetable."""

    name = "apps.timetable"
    label = "timetable"
    verbose_name = gettext_lazy("Timetable")
