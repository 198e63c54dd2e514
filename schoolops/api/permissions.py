"""The coarse permission: somebody is logged in. What they may do, services ask ``access.require``."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class LoggedIn(BasePermission):
    """Refuses anonymous requests with 401."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated)
