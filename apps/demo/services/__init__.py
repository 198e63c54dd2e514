"""Filling a school with people and days that look like a school's."""

from __future__ import annotations

from apps.demo.services.schools import SCHOOLS, furnish

__all__ = ["SCHOOLS", "furnish"]
