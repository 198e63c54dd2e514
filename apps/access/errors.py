"""Why something is not allowed."""

from __future__ import annotations

from schoolops.errors import Forbidden, NotFound


class PermissionMissing(Forbidden):
    """You do not have the permission {permission}."""

    code = "access:permission-missing"
    remedy = "Your school's administrator can add it to your role."


class OutOfReach(NotFound):
    """There is nothing here by that name that you may see."""

    # 404, not 403: whether the row exists is itself private.
    code = "access:out-of-reach"
