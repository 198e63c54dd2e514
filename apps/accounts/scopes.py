"""The questions this app asks about permissions. ``apps.access`` stands above us, so it registers the answers."""

from __future__ import annotations

from typing import Protocol

from apps.accounts.models import User


class Gate(Protocol):
    """Who may do what, as ``apps.access`` knows it."""

    def require(self, by: User, permission: str) -> None:
        """Raises when ``by`` does not hold ``permission``."""

    def require_everywhere(self, by: User, permission: str) -> None:
        """Raises also when ``by`` holds it over a part of the school only."""

    def require_over(self, by: User, permission: str, user: User) -> None:
        """Raises also when ``user`` may do what ``by`` may not: whoever sets their password could become them."""

    def may_leave(self, user: User) -> None:
        """Raises when the school would be left without an administrator."""

    def is_staff(self, user: User) -> bool:
        """Whether ``user`` holds a role that is neither a guardian's nor a student's."""


_gates: list[Gate] = []


def guarded_by(gate: Gate) -> None:
    """Register the one gate; the last one registered counts."""
    _gates[:] = [gate]


def gate() -> Gate:
    """The registered gate. Without one nothing is allowed: there is no gate that is open by default."""
    if not _gates:
        raise RuntimeError("No gate is registered: apps.access has not started.")
    return _gates[0]
