"""What happens to roles and to who holds them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A role was made, renamed or removed, or holds other permissions."""

    role_id: int


@dataclass(frozen=True, slots=True)
class RolesGiven:
    """Roles of these users were given, moved or taken away."""

    user_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Invited:
    """Those of a kind who cannot log in are to be invited, in the role with this code; by whose public id.

    ``roles``: of them these alone, each in a role: person by key, code.
    """

    role: str
    by_id: UUID
    roles: tuple[tuple[int, str], ...] = ()
