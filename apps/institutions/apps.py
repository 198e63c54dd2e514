from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class InstitutionsConfig(AppConfig):
    """The app of institutions."""

    name = "apps.institutions"
    label = "institutions"
    verbose_name = gettext_lazy("Campuses and the calendar")
