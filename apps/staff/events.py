"""What happened to staff and whom they teach, as ids."""

from __future__ import annotations

from dataclasses import dataclass

from apps.access.events import Invited


@dataclass(frozen=True, slots=True)
class StaffInvited(Invited):
    """Of those who work here."""
