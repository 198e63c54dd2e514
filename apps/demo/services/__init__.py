"""Filling a school with people and days that look like a school's."""

from __future__ import annotations

from apps.demo.services.schools import SCHOOLS, furnish
from apps.demo.services.volume import Filled, fill

__all__ = ["SCHOOLS", "Filled", "fill", "furnish"]
