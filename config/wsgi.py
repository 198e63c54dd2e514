"""The WSGI entry point."""

from django.core.wsgi import get_wsgi_application

from config.env import choose_settings

choose_settings()
application = get_wsgi_application()

from schoolops.observability import telemetry  # noqa: E402 - it reads the settings

telemetry.begin()
