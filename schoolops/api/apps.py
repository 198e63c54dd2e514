from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The API's app."""

    name = "schoolops.api"
    label = "api"

    def ready(self) -> None:
        # What it refuses stands in the API's description, whether or not the middleware is loaded yet.
        from schoolops.api import idempotency  # noqa: F401
