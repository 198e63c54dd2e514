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


@dataclass(frozen=True, slots=True)
class CardsToPublish:
    """The cards of a section that are proof-read are to be printed, and public from ``published_at`` on."""

    session_id: int
    section_id: int
    published_at: dt.datetime
    by_id: UUID
