"""The rolls of a day within somebody's reach, taken or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from apps.accounts.models import User
from apps.attendance.models import Leave
from apps.attendance.selectors.boards import board_of
from apps.students.models import FamilyItem
from apps.students.selectors import keys_shown
from schoolops.tenancy.compiled import DAY, PUBLIC_ID, Compiled, Parameter, any_of


def requested_leave(students: Collection[str], day: dt.date, *, by: User) -> list[Leave]:
    """Leave of these students (by public id) that covers ``day``, that nobody has decided and ``by`` is shown.

    One query; two for who is somebody's family here.
    """
    rows = _REQUESTED.all(students=list(students), day=day)
    shown = keys_shown(by, FamilyItem.LEAVE, "attendance.view", [each.student_id for each in rows])
    return [each for each in rows if each.student_id in shown]


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
