"""The day as a whole."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.attendance import selectors
from apps.attendance.api import serializers as s
from apps.attendance.api.views.shared import DAY, day_of
from schoolops.api import parameters
from schoolops.api.fields import whole_list
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, answer


class BoardViewSet(ApiViewSet):
    """The day as a whole."""

    asks = {
        "not_taken": "attendance.mark over section",
        "mine": "attendance.mark over own",
        "figures": "attendance.view over section",
        "months": "attendance.view over student",
    }

    @extend_schema(summary="Rolls not yet taken", responses=whole_list(s.ExpectedRollOut))
    def not_taken(self, request: Request) -> HttpResponse:
        """Of sections with students and of classes that meet, on days of school; the whole list."""
        asked = self.asked_for(
            request,
            day=DAY,
            institution_id=Parameter(parameters.public_id, about="One campus only."),
            kind=Parameter(parameters.one_of(("daily", "period")), about="Only rolls of the day, or of periods."),
        )
        rows = selectors.rolls_not_taken(
            asked.get("day") or access.today(actor(request)),
            by=actor(request),
            institution=asked.get("institution_id"),
            kind=asked.get("kind"),
        )
        return answer({"results": rows, "next": None})

    @extend_schema(summary="My classes of a day", responses=whole_list(s.MyRollOut))
    def mine(self, request: Request) -> HttpResponse:
        """What you teach that day, substitutions included, by time, with the state of each roll."""
        day = self.asked_for(request, day=DAY).get("day") or access.today(actor(request))
        return answer({"day": day, "results": selectors.classes_of(day, by=actor(request)), "next": None})

    @extend_schema(summary="The day of each campus", responses=whole_list(s.CampusDayOut))
    def figures(self, request: Request, day: str) -> HttpResponse:
        """Students by state, and how many of the expected rolls are taken."""
        self.asked_for(request)
        return answer({"results": selectors.day_in_figures(day_of(day), by=actor(request)), "next": None})

    @extend_schema(summary="A student's attendance by month", responses=whole_list(s.MonthOut))
    def months(self, request: Request, id: UUID) -> HttpResponse:
        """Days counted by what they were, oldest month first."""
        asked = self.asked_for(
            request,
            since=Parameter(parameters.day, about="This day and later."),
            until=Parameter(parameters.day, about="This day and earlier."),
        )
        rows = selectors.months_of(id, by=actor(request), since=asked.get("since"), until=asked.get("until"))
        return answer({"results": rows, "next": None})
