from django.apps import AppConfig


class InstitutionsConfig(AppConfig):
    """The app of institutions."""

    name = "apps.institutions"
    label = "institutions"
