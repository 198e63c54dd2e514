from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class AccountsConfig(AppConfig):
    """The app of accounts."""

    name = "apps.accounts"
    label = "accounts"
    verbose_name = gettext_lazy("Logins")

    def ready(self) -> None:
        from apps.accounts.services.hashing import slots
        from schoolops.api import doors

        doors.stands_before("POST", "/api/v1/auth/login", slots)
