"""Homeroom groups."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import services
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.rows import AS_OF, OF_INSTITUTION, OF_LEVEL, OF_YEAR, ROSTERED, ReachedRows
from apps.institutions.models import Section
from apps.institutions.selectors import sections_called
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import gone


class SectionViewSet(ReachedRows):
    """Homeroom groups."""

    asks = {
        "list": "sections.view over section",
        "create": "sections.manage over campus",
        "retrieve": "sections.view over section",
        "change": "sections.manage over campus",
        "remove": "sections.manage over campus",
    }
    model = Section
    kind = "section"
    into = shapes.SectionIn
    out = shapes.SectionOut
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "year_id": "year__sourced_id",
        "year_name": "year__name",
        "grade_level_id": "grade_level__sourced_id",
        "grade_level_name": "grade_level__name",
        "name": "name",
        "room": "room",
        "capacity": "capacity",
    }
    sorts = {"name": ("grade_level__position", "name", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "year_id": OF_YEAR,
        "grade_level_id": OF_LEVEL,
        "as_of": AS_OF,
        "q": Parameter(
            parameters.text,
            sections_called,
            "Part of the name, such as 7 B or 7B.",
        ),
    }
    export_name = "sections"

    @extend_schema(summary="Add a section", request=shapes.SectionIn, responses={201: shapes.SectionOut})
    def create(self, request: Request) -> HttpResponse:
        """A homeroom group of a year and grade level."""
        fields = self.given(request)
        year, level = fields.pop("year"), fields.pop("grade_level")
        return self.made(request, services.add_section(year=year, grade_level=level, fields=fields, by=request.user))

    @extend_schema(summary="Change a section", request=shapes.SectionIn, responses=shapes.SectionOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The year stays."""
        fields = self.given(request, partial=True)
        fields.pop("year", None)
        return self.as_read(services.change_section(section=self.one(id), fields=fields, by=request.user))

    @extend_schema(summary="Remove a section", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a section that nobody has ever been in."""
        services.remove_section(section=self.one(id, "institution"), by=request.user)
        return gone()
