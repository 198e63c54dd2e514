"""The rolls of a day within somebody's reach, taken or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from apps.accounts.models import User
from apps.attendance.models import Leave
from apps.attendance.selectors.boards import board_of


def requested_leave(students: Collection[str], day: dt.date) -> list[Leave]:
    """Leave of these students (by public id) that covers ``day`` and that nobody has decided. One query."""
    rows = Leave.objects.filter(
        student__sourced_id__in=list(students), state=Leave.State.REQUESTED, starts_on__lte=day, ends_on__gte=day
    )
    return list(rows.select_related("student").order_by("student__name_key", "student_id"))


def rolls_of(by: User, day: dt.date) -> list[dict[str, Any]]:
    """The rolls that are expected on ``day``, in eight queries. Raises ``PermissionMissing``."""
    return board_of(day, by=by, permission="attendance.view").rolls
