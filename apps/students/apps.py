from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from apps.students import permissions  # noqa: F401 - declares them


class StudentsConfig(AppConfig):
    """The app of students."""

    name = "apps.students"
    label = "students"
    verbose_name = gettext_lazy("Students")
