"""The API of the timetable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.institutions.api.views.rows import OF_INSTITUTION, ROSTERED, KeptRows
from apps.institutions.models import CourseClass
from apps.students.models import FamilyItem
from apps.students.selectors import classes_shown
from apps.timetable import services
from apps.timetable.api import serializers as shapes
from apps.timetable.models import Meeting, Period, meets_on
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import gone

NAMES = ("name", "position", "starts_at", "ends_at")


class PeriodViewSet(KeptRows):
    """The periods of a day."""

    asks = {
        "list": "sections.view over everybody",
        "create": "sections.manage over campus",
        "retrieve": "sections.view over everybody",
        "change": "sections.manage over campus",
        "remove": "sections.manage over campus",
    }
    model = Period
    into = shapes.PeriodIn
    out = shapes.TimetablePeriodOut
    columns = {**ROSTERED, "institution_id": "institution__sourced_id", **{name: name for name in NAMES}}
    sorts = {"position": ("position", "id")}
    filters = {"institution_id": OF_INSTITUTION}
    export_name = "periods"

    @extend_schema(summary="Add a period", request=shapes.PeriodIn, responses={201: shapes.TimetablePeriodOut})
    def create(self, request: Request) -> HttpResponse:
        """A period of the day at an institution."""
        fields = self.given(request)
        period = services.add_period(institution=fields.pop("institution"), fields=fields, by=actor(request))
        return self.made(request, period)

    @extend_schema(summary="Change a period", request=shapes.PeriodIn, responses=shapes.TimetablePeriodOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The institution stays."""
        fields = self.given(request, partial=True)
        fields.pop("institution", None)
        return self.as_read(services.change_period(period=self.one(id), fields=fields, by=actor(request)))

    @extend_schema(summary="Remove a period", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a period in which nothing meets or was marked."""
        services.remove_period(period=self.one(id, "institution"), by=actor(request))
        return gone()


class MeetingViewSet(KeptRows):
    """When classes meet: those in reach on `day`, or today."""

    asks = {
        "list": "sections.view over class",
        "create": "sections.manage over campus",
        "retrieve": "sections.view over class",
        "change": "sections.manage over campus",
        "remove": "sections.manage over campus",
    }
    model = Meeting
    into = shapes.MeetingIn
    out = shapes.MeetingOut
    columns = {
        "id": "sourced_id",
        "class_id": "course_class__sourced_id",
        "class_title": "course_class__title",
        "period_id": "period__sourced_id",
        "period_name": "period__name",
        "starts_at": "period__starts_at",
        "ends_at": "period__ends_at",
        "weekday": "weekday",
        "room": "room",
        "starts_on": "starts_on",
        "ends_on": "ends_on",
    }
    sorts = {"weekday": ("weekday", "period__position", "id")}
    filters = {
        "institution_id": Parameter(
            parameters.public_id, "course_class__institution__sourced_id", "Of this institution."
        ),
        "class_id": Parameter(parameters.public_id, "course_class__sourced_id", "Of this class."),
        "section_id": Parameter(
            parameters.public_id, "course_class__section__sourced_id", "Of the classes taught to this section."
        ),
        "period_id": Parameter(parameters.public_id, "period__sourced_id", "In this period."),
        "weekday": Parameter(parameters.whole, "weekday", "On this ISO weekday, 1 is Monday."),
        "day": Parameter(parameters.day, meets_on, "Meeting on this day."),
    }
    export_name = "meetings"

    def rows(self) -> QuerySet[Any]:
        asked: Mapping[str, Any] = getattr(self, "asked", {})
        user = actor(self.request)
        day = asked.get("day") or access.today(user)

        def classes(permission: str) -> Q:
            reach = access.within_reach(user, permission, "class", day=day)
            return reach & classes_shown(user, FamilyItem.TIMETABLE, day, permission)

        shown = CourseClass.objects.filter(access.by_any(user, self.sees, classes))
        found: QuerySet[Any] = Meeting.objects.filter(course_class__in=shown.values("pk"))
        return found

    @extend_schema(summary="Add a meeting", request=shapes.MeetingIn, responses={201: shapes.MeetingOut})
    def create(self, request: Request) -> HttpResponse:
        """Let a class meet in a period of a weekday."""
        fields = self.given(request)
        meeting = services.add_meeting(course_class=fields.pop("course_class"), fields=fields, by=actor(request))
        return self.made(request, meeting)

    @extend_schema(summary="Change a meeting", request=shapes.MeetingIn, responses=shapes.MeetingOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent: room and end at any time, the rest before it has begun. The class stays."""
        fields = self.given(request, partial=True)
        fields.pop("course_class", None)
        return self.as_read(services.change_meeting(meeting=self.one(id), fields=fields, by=actor(request)))

    @extend_schema(summary="Remove a meeting", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a meeting that has not begun, or ends on the day it begins."""
        services.remove_meeting(meeting=self.one(id), by=actor(request))
        return gone()
