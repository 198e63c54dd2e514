from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The app of access."""

    name = "apps.access"
    label = "access"
