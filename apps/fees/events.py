"""What happened to fees, as facts made of ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BillsDue:
    """The bills of a run are to be made, or those that are left of it."""

    run_id: int
