"""Tenancy's app: its check asks whether the database can hold the wall."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.management import get_commands

# Libraries' commands that make, change or drop schools and logins past the wall: there is one of ours, or no need.
BYPASSING = (
    "all_tenants_command", "changepassword", "clone_tenant", "collectstatic_schemas", "create_domain",
    "create_missing_schemas", "create_tenant", "create_tenant_superuser", "createsuperuser", "delete_domain",
    "delete_tenant", "migrate_schemas", "rename_schema", "tenant_command",
)  # fmt: skip


class TenancyConfig(AppConfig):
    name = "schoolops.tenancy"
    label = "tenancy"
    # As operators read it in their navigation.
    verbose_name = "Schools"

    def ready(self) -> None:
        from schoolops.tenancy import checks  # noqa: F401

        for name in BYPASSING:
            get_commands().pop(name, None)
