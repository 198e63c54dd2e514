"""What happens to roles and to who holds them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A role was made, renamed or removed, or holds other permissions."""

    role_id: int


@dataclass(frozen=True, slots=True)
class RolesGiven:
    """Roles of these users were given, moved or taken away."""

    user_ids: tuple[int, ...]
