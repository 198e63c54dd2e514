"""What happened to messages, as facts made of ids."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MessagesDue:
    """Messages on a channel are to be handed over, not before a moment."""

    channel: str
    due_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AnnouncementDue:
    """An announcement is to be told from a moment on."""

    announcement_id: int
    publish_at: dt.datetime
