"""Who may bring a roster in or take it away: a roster is of the whole school, so is the permission."""

from __future__ import annotations

from apps.access import selectors, services
from apps.access.errors import OutOfReach
from apps.accounts.models import User


def require_for_all(by: User, permission: str) -> None:
    """Nothing, when ``by`` holds ``permission`` over the whole school, and not of one campus or some rows.

    Raises:
        PermissionMissing, OutOfReach.
    """
    services.require(by, permission)
    if not selectors.reaches_everything(by, permission):
        raise OutOfReach
