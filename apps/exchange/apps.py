from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """The app of exchange."""

    name = "apps.exchange"
    label = "exchange"
