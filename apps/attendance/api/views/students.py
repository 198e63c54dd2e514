"""One student's attendance."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from apps.accounts.api.authentication import actor
from apps.attendance import selectors
from apps.attendance.api import serializers as s
from apps.attendance.models import DayState
from apps.attendance.selectors.marks_that_count import counts, day_counts_as
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, Usual
from schoolops.tenancy import compiled


class StudentHistoryViewSet(RowViewSet):
    """Every record of one student, newest first."""

    asks = {
        "list": "attendance.view over student",
    }
    out = s.HistoryOut
    columns: ClassVar[Columns] = {
        "day": "day",
        "roll_id": "session__sourced_id",
        "section_id": "session__section__sourced_id",
        "class_id": "session__course_class__sourced_id",
        "class": "session__course_class__title",
        "period_id": "session__period__sourced_id",
        "period": "session__period__name",
        "code": Coalesce("office_code__code", "teacher_code__code"),
        "state": "state",
        "excused": "excused",
        "arrived_at": "arrived_at",
        "left_at": "left_at",
        "remark": "remark",
        "day_counts_as": day_counts_as(),
        "counts": counts(),
        "changed_at": "changed_at",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-day", "-session_id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "since": Parameter(parameters.day, where="day__gte", about="This day and later."),
        "until": Parameter(parameters.day, where="day__lte", about="This day and earlier."),
        "state": Parameter(parameters.one_of(DayState), where="state", about="What counts."),
    }
    export_name = "attendance"

    def usual(self) -> Usual:
        child = selectors.student_in_reach(self.kwargs["id"], by=actor(self.request))
        return Usual((), lambda: selectors.records_of(compiled.Parameter("child", compiled.KEY)), {"child": child.pk})

    def rows(self) -> QuerySet[Any]:
        return selectors.history_of(self.kwargs["id"], by=actor(self.request))
