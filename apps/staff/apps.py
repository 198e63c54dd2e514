from django.apps import AppConfig


class StaffConfig(AppConfig):
    """The app of staff."""

    name = "apps.staff"
    label = "staff"
