"""The rolls of a day within somebody's reach, taken or not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.accounts.models import User
from apps.attendance.selectors.boards import board_of


def rolls_of(by: User, day: dt.date) -> list[dict[str, Any]]:
    """The rolls that are expected on ``day``, in eight queries. Raises ``PermissionMissing``."""
    return board_of(day, by=by, permission="attendance.view").rolls
