"""Academic years."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import services
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.rows import OF_INSTITUTION, ROSTERED, KeptRows
from apps.institutions.models import AcademicYear
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import gone


class YearViewSet(KeptRows):
    """Academic years."""

    asks = {
        "list": "institutions.view over everybody",
        "create": "institutions.manage over campus",
        "retrieve": "institutions.view over everybody",
        "change": "institutions.manage over campus",
        "remove": "institutions.manage over campus",
        "activate": "institutions.manage over campus",
        "close": "institutions.manage over campus",
    }
    model = AcademicYear
    into = shapes.YearIn
    out = shapes.YearOut
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "name": "name",
        "starts_on": "starts_on",
        "ends_on": "ends_on",
        "state": "state",
    }
    sorts = {"starts_on": ("starts_on", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "state": Parameter(parameters.one_of(AcademicYear.State), "state", "In this state."),
    }
    export_name = "years"

    @extend_schema(summary="Plan a year", request=shapes.YearIn, responses={201: shapes.YearOut})
    def create(self, request: Request) -> HttpResponse:
        """A new year, planned."""
        fields = self.given(request)
        year = services.plan_year(institution=fields.pop("institution"), fields=fields, by=request.user)
        return self.made(request, year)

    @extend_schema(summary="Change a year", request=shapes.YearIn, responses=shapes.YearOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change its name or days. The institution stays."""
        fields = self.given(request, partial=True)
        fields.pop("institution", None)
        return self.as_read(services.change_year(year=self.one(id), fields=fields, by=request.user))

    @extend_schema(summary="Remove a planned year", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a year that nothing refers to."""
        services.remove_year(year=self.one(id), by=request.user)
        return gone()

    @extend_schema(summary="Activate a year", request=None, responses=shapes.YearOut)
    def activate(self, request: Request, id: UUID) -> HttpResponse:
        """Let a planned year be the one that runs."""
        return self.as_read(services.activate_year(year=self.one(id), by=request.user))

    @extend_schema(summary="Close a year", request=None, responses=shapes.YearOut)
    def close(self, request: Request, id: UUID) -> HttpResponse:
        """Close the active year; what is still open in it ends with it."""
        return self.as_read(services.close_year(year=self.one(id), by=request.user))
