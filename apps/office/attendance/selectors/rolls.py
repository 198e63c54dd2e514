"""The rolls of a day within somebody's reach, taken or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from apps.accounts.models import User
from apps.attendance.models import Leave
from apps.attendance.selectors.boards import board_of
from schoolops.tenancy.compiled import DAY, PUBLIC_ID, Compiled, Parameter, any_of


def requested_leave(students: Collection[str], day: dt.date) -> list[Leave]:
    """Leave of these students (by public id) that covers ``day`` and that nobody has decided. One query."""
    return _REQUESTED.all(students=list(students), day=day)


_DAY: Any = Parameter("day", DAY)
_REQUESTED: Compiled[Leave] = Compiled(
    lambda: (
        Leave.objects.filter(
            any_of("student__sourced_id", "students", PUBLIC_ID),
            state=Leave.State.REQUESTED,
            starts_on__lte=_DAY,
            ends_on__gte=_DAY,
        )
        .select_related("student")
        .order_by("student__name_key", "student_id")
    )
)


def rolls_of(by: User, day: dt.date) -> list[dict[str, Any]]:
    """The rolls expected on ``day`` of what ``by`` works with, in eight queries. Raises ``PermissionMissing``."""
    return board_of(day, by=by, permission="attendance.view", at_work=True).rolls
