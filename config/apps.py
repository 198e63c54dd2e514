"""The last app to start: imports every subscribers, tasks and seeds page, once all models are there."""

from __future__ import annotations

import importlib
import importlib.util

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate  # noqa: TID251 - to disconnect what Django connected

# Row scopes stand in selectors, seeds in services.
PAGES = ("errors", "selectors", "services", "tasks", "subscribers")


class WiringConfig(AppConfig):
    """Wires what apps declare."""

    name = "config"
    label = "wiring"

    def ready(self) -> None:
        # Permissions are codes in apps.access; auth_permission has no table here.
        post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
        for config in apps.get_app_configs():
            if not config.name.startswith("apps."):
                continue
            for page in PAGES:
                if importlib.util.find_spec(f"{config.name}.{page}"):
                    importlib.import_module(f"{config.name}.{page}")
