"""The sections to choose from."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.institutions.models import AcademicYear, Section
from schoolops.rows import RowStatus


def open_sections(by: User, day: dt.date) -> QuerySet[Any]:
    """The sections of years that are not over: where students can be put. Raises ``PermissionMissing``."""
    reach = access.within_reach(by, "sections.view", "section", day=day)
    sections: QuerySet[Any] = Section.objects.filter(reach, status=RowStatus.ACTIVE, year__ends_on__gte=day)
    return (
        sections.exclude(year__state=AcademicYear.State.CLOSED)
        .select_related("grade_level", "institution", "year")
        .order_by("year__starts_on", "grade_level__position", "name", "pk")
    )
