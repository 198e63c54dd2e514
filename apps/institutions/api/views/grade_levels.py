"""Grade levels."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import services
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.rows import ROSTERED, KeptRows
from apps.institutions.models import GradeLevel
from schoolops.api.viewsets import gone


class GradeLevelViewSet(KeptRows):
    """Grade levels: the school's, in order."""

    asks = {
        "list": "institutions.view over everybody",
        "create": "institutions.manage over school",
        "retrieve": "institutions.view over everybody",
        "change": "institutions.manage over school",
        "remove": "institutions.manage over school",
    }
    model = GradeLevel
    into = shapes.GradeLevelIn
    out = shapes.GradeLevelOut
    columns = {
        **ROSTERED,
        "name": "name",
        "code": "code",
        "position": "position",
        "next_level_id": "next_level__sourced_id",
    }
    sorts = {"position": ("position",)}
    export_name = "grade-levels"

    @extend_schema(summary="Add a grade level", request=shapes.GradeLevelIn, responses={201: shapes.GradeLevelOut})
    def create(self, request: Request) -> HttpResponse:
        """A grade level of the school."""
        return self.made(request, services.add_grade_level(fields=self.given(request), by=request.user))

    @extend_schema(summary="Change a grade level", request=shapes.GradeLevelIn, responses=shapes.GradeLevelOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent."""
        fields = self.given(request, partial=True)
        return self.as_read(services.change_grade_level(level=self.one(id), fields=fields, by=request.user))

    @extend_schema(summary="Remove a grade level", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a grade level that nothing refers to."""
        services.remove_grade_level(level=self.one(id), by=request.user)
        return gone()
