"""The calendar, and what today is."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.institutions import selectors, services
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.institutions import InstitutionViewSet, institution_of
from apps.institutions.api.views.rows import OF_INSTITUTION
from apps.institutions.models import CalendarDay
from apps.institutions.scopes import gate
from apps.institutions.services.years import DayKind
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, RowViewSet, answer, valid


class CalendarViewSet(RowViewSet):
    """The days about which the calendar says something."""

    asks = {
        "list": "institutions.view over everybody",
        "replace": "institutions.manage over campus",
        "remove": "institutions.manage over campus",
    }
    columns = {
        "institution_id": "institution__sourced_id",
        **{name: name for name in ("day", "kind", "title", "starts_at", "ends_at")},
    }
    out = shapes.DayOut
    sorts = {"day": ("day", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "from": Parameter(parameters.day, "day__gte", "Not before this day."),
        "to": Parameter(parameters.day, "day__lte", "Not after this day."),
        "kind": Parameter(parameters.one_of(CalendarDay.Kind), "kind", "Of this kind."),
    }
    export_name = "calendar"

    def rows(self) -> QuerySet[Any]:
        gate().require(self.request.user, "institutions.view")
        found: QuerySet[Any] = CalendarDay.objects.all()
        return found

    @extend_schema(summary="Set a stretch of days", request=shapes.DaysIn, responses=shapes.DaysChanged)
    def replace(self, request: Request) -> HttpResponse:
        """Let every day from `starts_on` to `ends_on`, both included, be what is said."""
        fields = valid(shapes.DaysIn, request.data)
        institution, starts_on, ends_on = (fields.pop(name) for name in ("institution", "starts_on", "ends_on"))
        days = services.set_days(
            institution=institution, starts_on=starts_on, ends_on=ends_on, what=DayKind(**fields), by=request.user
        )
        return answer({"days": days})

    @extend_schema(
        summary="Clear a stretch of days",
        parameters=[
            OpenApiParameter("institution_id", UUID, required=True, description="At this institution."),
            OpenApiParameter("from", dt.date, required=True, description="The first day."),
            OpenApiParameter("to", dt.date, required=True, description="The last day."),
        ],
        responses={200: shapes.DaysChanged},
    )
    def remove(self, request: Request) -> HttpResponse:
        """Let the days from `from` to `to`, both included, be ordinary again."""
        asked = self.asked_for(
            request,
            institution_id=Parameter(parameters.public_id, None, "At this institution.", required=True),
            **{
                "from": Parameter(parameters.day, None, "The first day.", required=True),
                "to": Parameter(parameters.day, None, "The last day.", required=True),
            },
        )
        days = services.clear_days(
            institution=institution_of(request, asked["institution_id"]),
            starts_on=asked["from"],
            ends_on=asked["to"],
            by=request.user,
        )
        return answer({"days": days})


class TodayViewSet(ApiViewSet):
    """What today is."""

    asks = {
        "retrieve": "institutions.view over everybody",
    }

    @extend_schema(
        summary="What today is at an institution",
        parameters=[
            OpenApiParameter("institution_id", UUID, description="At this institution; the first unless said.")
        ],
        responses=shapes.TodayOut,
    )
    def retrieve(self, request: Request) -> HttpResponse:
        """The day in the institution's timezone, and whether there is school. Without `institution_id`: the first."""
        gate().require(request.user, "institutions.view")
        asked = self.asked_for(
            request, institution_id=Parameter(parameters.public_id, None, "At this institution; the first unless said.")
        )
        institution = selectors.institution_or_first(asked.get("institution_id"))
        if institution is None:
            raise InstitutionViewSet.not_visible
        facts = selectors.day_facts(institution, selectors.today_at(institution))
        return answer(
            {
                "institution_id": institution.sourced_id,
                "timezone": institution.timezone,
                "day": facts.day,
                "weekday": facts.weekday,
                "instructional": facts.instructional,
                "why": facts.why,
                "title": facts.title,
                "year": _stretch(facts.year),
                "term": _stretch(facts.term),
            }
        )


def _stretch(found: selectors.Stretch | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"id": found.id, "name": found.name, "starts_on": found.starts_on, "ends_on": found.ends_on}
