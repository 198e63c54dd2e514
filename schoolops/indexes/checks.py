"""System checks: indexes stand in ``indexes.py`` only, and a foreign key makes none of its own."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register


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
            if config.name == "schoolops.tenancy":
                # School and Domain inherit django-tenants' fields; two small tables in public.
                continue
            found += [
                Error(
                    f"{field.name} makes an index of its own.",
                    hint="Set db_index=False and declare what the queries need in indexes.py.",
                    obj=model,
                    id="indexes.E002",
                )
                for field in model._meta.local_fields
                if getattr(field, "db_index", False) and not field.unique
            ]
    return found
