"""Courses."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import services
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.rows import OF_INSTITUTION, OF_LEVEL, ROSTERED, KeptRows
from apps.institutions.models import Course
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import gone
from schoolops.folding import holding


class CourseViewSet(KeptRows):
    """Courses."""

    asks = {
        "list": "sections.view over everybody",
        "create": "sections.manage over campus",
        "retrieve": "sections.view over everybody",
        "change": "sections.manage over campus",
        "remove": "sections.manage over campus",
    }
    model = Course
    into = shapes.CourseIn
    out = shapes.CourseOut
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "code": "code",
        "title": "title",
        "grade_level_id": "grade_level__sourced_id",
        "subject": "subject",
        "subject_code": "subject_code",
    }
    sorts = {"title": ("title", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "grade_level_id": OF_LEVEL,
        "q": Parameter(
            parameters.text,
            lambda words: holding(words, "title", "code"),
            "Part of the title or code; every word.",
        ),
    }
    export_name = "courses"

    @extend_schema(summary="Add a course", request=shapes.CourseIn, responses={201: shapes.CourseOut})
    def create(self, request: Request) -> HttpResponse:
        """A subject taught at an institution."""
        fields = self.given(request)
        course = services.add_course(institution=fields.pop("institution"), fields=fields, by=request.user)
        return self.made(request, course)

    @extend_schema(summary="Change a course", request=shapes.CourseIn, responses=shapes.CourseOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The institution stays."""
        fields = self.given(request, partial=True)
        fields.pop("institution", None)
        course = self.one(id, "institution")
        return self.as_read(services.change_course(course=course, fields=fields, by=request.user))

    @extend_schema(summary="Remove a course", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a course without classes."""
        services.remove_course(course=self.one(id, "institution"), by=request.user)
        return gone()
