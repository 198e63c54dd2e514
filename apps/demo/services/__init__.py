"""Filling a school with people and days that look like a school's."""

from __future__ import annotations

from apps.demo.services.casts import OPERATOR
from apps.demo.services.families import show_families
from apps.demo.services.past import recall
from apps.demo.services.schools import SCHOOLS, furnish, furnish_operator
from apps.demo.services.volume import Filled, fill

__all__ = ["OPERATOR", "SCHOOLS", "Filled", "fill", "furnish", "furnish_operator", "recall", "show_families"]
