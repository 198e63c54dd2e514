"""The WSGI entry point."""

from django.core.wsgi import get_wsgi_application

from config.env import Environment, choose_settings

choose_settings()
application = get_wsgi_application()

from django.db import connections  # noqa: E402 - they read the settings

from schoolops.observability import telemetry  # noqa: E402

# Somebody waits for the answer: a statement that takes longer than they do only keeps others from theirs. Jobs have
# limits of their own, commands have none.
_env = Environment()
connections["default"].settings_dict["OPTIONS"]["options"] = (
    f"-c statement_timeout={_env.number('WEB_STATEMENT_TIMEOUT_SECONDS')}s"
    f" -c lock_timeout={_env.number('WEB_LOCK_TIMEOUT_SECONDS')}s"
)
telemetry.begin()
