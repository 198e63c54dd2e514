"""Logins, and the trail."""

from apps.office.access.admin import accounts, audit

__all__ = ["accounts", "audit"]
