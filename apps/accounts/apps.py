from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class AccountsConfig(AppConfig):
    """The app of accounts."""

    name = "apps.accounts"
    label = "accounts"
    verbose_name = gettext_lazy("Logins")
