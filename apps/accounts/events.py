"""What happens to accounts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PasswordForgotten:
    """Somebody asked for a new password for this login, which may not exist."""

    login: str


@dataclass(frozen=True, slots=True)
class InvitedByMail:
    """This user is to get a link by e-mail to set their first password."""

    user_id: int
