"""What is asked of the printers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LongListAsked:
    """Somebody waits for a list of so many pages that a worker prints it. ``sections``: public ids, none for all."""

    kind: str
    day: dt.date
    sections: tuple[UUID, ...]
    language: str
    by_id: UUID
