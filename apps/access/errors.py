"""Why something is not allowed."""

from __future__ import annotations

from schoolops.errors import Conflict, Forbidden, NotFound


class PermissionMissing(Forbidden):
    """You do not have the permission {permission}."""

    code = "access:permission-missing"
    remedy = "Your school's administrator can add it to your role."


class OutOfReach(NotFound):
    """There is nothing here by that name that you may see."""

    # 404, not 403: whether the row exists is itself private.
    code = "access:out-of-reach"


class BeyondYou(Forbidden):
    """{name} may do what you may not, so you cannot change this login."""

    code = "access:beyond-you"
    remedy = "Your school's administrator can."


class LastAdministrator(Conflict):
    """Nobody would be left who can let others in."""

    code = "access:last-administrator"
    remedy = "Make somebody else administrator first, without an end and for the whole school."
