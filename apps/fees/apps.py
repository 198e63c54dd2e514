from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from apps.fees import permissions  # noqa: F401 - declares them


class FeesConfig(AppConfig):
    """The app of fees."""

    name = "apps.fees"
    label = "fees"
    verbose_name = gettext_lazy("Fees")

    def ready(self) -> None:
        from apps.fees import health  # noqa: F401 - registers an examination
