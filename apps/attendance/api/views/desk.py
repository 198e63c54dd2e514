"""What the office entered."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.attendance import selectors, services
from apps.attendance.api import serializers as s
from apps.attendance.api.views.shared import DAY, INSTITUTION
from apps.attendance.errors import DeskEntryUnknown
from apps.attendance.models import DeskEntry
from apps.students.api.about import STUDENT, name_of, student_columns
from apps.students.selectors import of_students_asked
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, Usual, created, gone, valid
from schoolops.tenancy import compiled


class DeskViewSet(RowViewSet):
    """What the office entered for a day."""

    asks = {
        "list": "attendance.desk over student",
        "create": "attendance.desk over student",
        "remove": "attendance.desk over student",
    }
    out = s.DeskOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **student_columns(),
        "institution_id": "institution__sourced_id",
        "day": "day",
        "period_id": "period__sourced_id",
        "code": "code__code",
        "arrived_at": "arrived_at",
        "left_at": "left_at",
        "remark": "remark",
        "entered_by": name_of("entered_by"),
        "entered_at": "entered_at",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",)}
    filters: ClassVar[dict[str, Parameter]] = {"day": DAY, "institution_id": INSTITUTION, "student_id": STUDENT}
    not_visible = DeskEntryUnknown
    export_name = "desk"
    day: dt.date | None = None

    usually_asked: ClassVar[frozenset[str]] = frozenset({"day"})

    def usual(self) -> Usual | None:
        user = actor(self.request)
        access.require(user, "attendance.desk")
        day = self.asked.get("day") or access.today(user)
        reach = access_rows.asked_reach(user, "attendance.desk", "student", day=day)
        if reach is None:
            return None
        return Usual(
            reach.shape,
            lambda: DeskEntry.objects.filter(of_students_asked(reach), day=compiled.Parameter("day", compiled.DAY)),
            {**reach.values, "day": day},
        )

    def rows(self) -> QuerySet[Any]:
        return selectors.desk_entries(
            self.day or self.asked.get("day") or access.today(actor(self.request)), by=actor(self.request)
        )

    @extend_schema(summary="Enter something at the desk", request=s.DeskIn, responses={201: s.DeskOut})
    def create(self, request: Request) -> HttpResponse:
        """A late arrival, an early departure or a code of the office's; entering the same twice changes nothing."""
        given = valid(s.DeskIn, request.data)
        entry = services.enter_at_desk(
            student=given["student_id"],
            day=given["day"],
            period=given["period_id"],
            entry=services.Entry(**{name: given.get(name) for name in ("code", "arrived_at", "left_at", "remark")}),
            by=actor(request),
        )
        self.day = entry.day
        return created(request, self.row(Q(pk=entry.pk)))

    @extend_schema(summary="Take back a desk entry", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """The teachers' marks count again."""
        services.remove_from_desk(entry=id, by=actor(request))
        return gone()
