from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from apps.examinations import permissions  # noqa: F401 - declares them


class ExaminationsConfig(AppConfig):
    """The app of examinations."""

    name = "apps.examinations"
    label = "examinations"
    verbose_name = gettext_lazy("Examinations")
