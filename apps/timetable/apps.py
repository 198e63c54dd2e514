from django.apps import AppConfig


class TimetableConfig(AppConfig):
    """The app of timetable."""

    name = "apps.timetable"
    label = "timetable"
