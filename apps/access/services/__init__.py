"""The question every service asks, and who changes the answer."""

from __future__ import annotations

from apps.access.services.gate import refusals, require, require_at, require_over, require_row, within_reach
from apps.access.services.roles import assign_role, seed_roles

__all__ = [
    "assign_role",
    "refusals",
    "require",
    "require_at",
    "require_over",
    "require_row",
    "seed_roles",
    "within_reach",
]
