from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """The app of what is printed."""

    name = "apps.reports"
    label = "reports"
