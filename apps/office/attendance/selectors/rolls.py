"""The rolls of a day within somebody's reach, taken or not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance.selectors.boards import expected_rolls
from apps.institutions.models import CourseClass, Section


def rolls_of(by: User, day: dt.date) -> list[dict[str, Any]]:
    """The rolls that are expected on ``day``, in eight queries. Raises ``PermissionMissing``."""
    sections = Section.objects.filter(access.within_reach(by, "attendance.view", "section", day=day))
    classes = CourseClass.objects.filter(access.within_reach(by, "attendance.view", "class", day=day))
    return expected_rolls(day, sections=sections, classes=classes).rolls
