"""System checks: indexes stand in ``indexes.py`` only, and a foreign key makes none of its own."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.db import models


def _is_ours(config: Any) -> bool:
    return str(config.name).startswith(("apps.", "schoolops."))


@register()
def indexes_are_declared(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """``indexes.E001`` for Meta.indexes, ``indexes.E002`` for a field that makes an index."""
    found: list[CheckMessage] = []
    for config in app_configs or apps.get_app_configs():
        if not _is_ours(config):
            continue
        for model in config.get_models():
            if model._meta.indexes:
                found.append(Error("Indexes belong into the app's indexes.py.", obj=model, id="indexes.E001"))
            for field in model._meta.local_fields:
                inherited = not field.model.__module__.startswith(("apps.", "schoolops."))
                from_tenants = config.name == "schoolops.tenancy"
                if isinstance(field, models.Field) and field.db_index and not field.unique:
                    if inherited or from_tenants:
                        continue
                    found.append(
                        Error(
                            f"{field.name} makes an index of its own.",
                            hint="Set db_index=False and declare what the queries need in indexes.py.",
                            obj=model,
                            id="indexes.E002",
                        )
                    )
    return found
