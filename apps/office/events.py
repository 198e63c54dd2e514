"""What happened in the office, as facts made of ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListChangeDue:
    """Many rows of a list are to be changed, or those that are left of them."""

    change_id: int
