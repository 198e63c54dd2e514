"""What happened to staff and whom they teach, as ids."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StaffInvited:
    """Those who cannot log in are to be invited, in the role with this code; by whose public id.

    ``roles``: of them these alone, each in a role: person by key, code.
    """

    role: str
    by_id: UUID
    roles: tuple[tuple[int, str], ...] = ()
