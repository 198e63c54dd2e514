"""Which app's tables belong where: SHARED_APPS outside schools, TENANT_APPS inside one; built by the owner login."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django_tenants.routers import TenantSyncRouter

from schoolops import context


class SchoolRouter(TenantSyncRouter):  # type: ignore[misc]
    """Migrations run through the ``admin`` alias alone, since the web login owns nothing."""

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        if db != "admin":
            return False
        inside_a_school = context.school_or_none() is not None
        return bool(self.app_in_list(app_label, settings.TENANT_APPS if inside_a_school else settings.SHARED_APPS))

    def allow_relation(self, obj1: object, obj2: object, **hints: Any) -> bool:
        return True
