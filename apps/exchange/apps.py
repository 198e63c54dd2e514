from django.apps import AppConfig

from apps.exchange import permissions  # noqa: F401 - declares them


class ExchangeConfig(AppConfig):
    """The app of exchange."""

    name = "apps.exchange"
    label = "exchange"
