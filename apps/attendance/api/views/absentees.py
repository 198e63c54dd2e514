"""Who is absent."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.attendance import selectors
from apps.attendance.api import serializers as s
from apps.attendance.api.views.shared import DAY, INSTITUTION
from apps.students.api.about import SECTION, student_columns
from apps.students.selectors import of_students_asked
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, Usual
from schoolops.tenancy import compiled


class AbsenteesViewSet(RowViewSet):
    """The students whose day counts as absent, by name."""

    asks = {
        "list": "attendance.view over student",
    }
    out = s.AbsenteeOut
    columns: ClassVar[Columns] = {
        **student_columns(),
        "section_id": "section__sourced_id",
        "section": Concat("section__grade_level__name", Value(" "), "section__name"),
        "institution_id": "institution__sourced_id",
        "day": "day",
        "state": "state",
        "excused": "excused",
        "minutes_missed": "minutes_missed",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"name": ("student__name_key", "student_id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "day": DAY,
        "institution_id": INSTITUTION,
        "section_id": SECTION,
        "excused": Parameter(parameters.yes_or_no, where="excused", about="Excused or not."),
    }
    export_name = "absentees"

    usually_asked: ClassVar[frozenset[str]] = frozenset({"day"})

    def usual(self) -> Usual | None:
        user = actor(self.request)
        access.require(user, "attendance.view")
        if access.is_family(user):
            return None
        day = self.asked.get("day") or access.today(user)
        reach = access_rows.asked_reach(user, "attendance.view", "student", day=day)
        if reach is None:
            return None
        return Usual(
            reach.shape,
            lambda: selectors.absent_on(compiled.Parameter("day", compiled.DAY), of_students_asked(reach)),
            {**reach.values, "day": day},
        )

    def rows(self) -> QuerySet[Any]:
        return selectors.absentees(self.asked.get("day") or access.today(actor(self.request)), by=actor(self.request))
