from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The API's app."""

    name = "schoolops.api"
    label = "api"
