"""Printing: at once, or by a worker and fetched."""

from __future__ import annotations

from apps.reports.services.lists import KINDS
from apps.reports.services.printing import (
    Kept,
    ask_for_list,
    clear_printed_lists,
    is_long,
    kept_list,
    print_and_keep,
    print_list,
)

__all__ = [
    "KINDS", "Kept", "ask_for_list", "clear_printed_lists", "is_long", "kept_list", "print_and_keep", "print_list",
]  # fmt: skip
