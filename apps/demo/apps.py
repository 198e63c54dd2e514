from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The app of demo schools."""

    name = "apps.demo"
    label = "demo"
