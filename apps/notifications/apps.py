from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from apps.notifications import permissions  # noqa: F401 - declares them


class NotificationsConfig(AppConfig):
    """The app of what a school tells people."""

    name = "apps.notifications"
    label = "notifications"
    verbose_name = gettext_lazy("Messages")
