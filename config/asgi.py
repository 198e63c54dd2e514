"""The ASGI entry point, for servers and views that wait for others."""

from django.core.asgi import get_asgi_application

from config.env import choose_settings

choose_settings()
application = get_asgi_application()
