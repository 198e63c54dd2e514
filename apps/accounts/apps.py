from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app of accounts."""

    name = "apps.accounts"
    label = "accounts"
