from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    """The app of attendance."""

    name = "apps.attendance"
    label = "attendance"
