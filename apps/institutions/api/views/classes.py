"""Taught groups of courses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import services
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.rows import AS_OF, OF_INSTITUTION, OF_YEAR, ROSTERED, ReachedRows
from apps.institutions.models import CourseClass, CourseClassTerm
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import gone
from schoolops.folding import holding


class ClassViewSet(ReachedRows):
    """Taught groups of courses."""

    asks = {
        "list": "sections.view over class",
        "create": "sections.manage over campus",
        "retrieve": "sections.view over class",
        "change": "sections.manage over campus",
        "remove": "sections.manage over campus",
    }
    model = CourseClass
    kind = "class"
    into = shapes.ClassIn
    out = shapes.ClassOut
    columns = {
        **ROSTERED,
        "institution_id": "institution__sourced_id",
        "course_id": "course__sourced_id",
        "course_title": "course__title",
        "year_id": "year__sourced_id",
        "section_id": "section__sourced_id",
        "code": "code",
        "title": "title",
        "room": "room",
        "term_ids": "pk",
    }
    sorts = {"title": ("title", "id")}
    filters = {
        "institution_id": OF_INSTITUTION,
        "year_id": OF_YEAR,
        "course_id": Parameter(parameters.public_id, "course__sourced_id", "Of this course."),
        "section_id": Parameter(parameters.public_id, "section__sourced_id", "Taught to this section as a whole."),
        "as_of": AS_OF,
        "q": Parameter(
            parameters.text,
            lambda words: holding(words, "title", "code"),
            "Part of the title or code; every word.",
        ),
    }
    export_name = "classes"

    def finished(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if page and "term_ids" not in page[0]:
            return page
        terms: dict[int, list[UUID]] = {}
        for class_id, term_id in (
            CourseClassTerm.objects.filter(course_class__in=[row["term_ids"] for row in page])
            .order_by("term__starts_on", "term_id")
            .values_list("course_class_id", "term__sourced_id")
        ):
            terms.setdefault(class_id, []).append(term_id)
        for row in page:
            row["term_ids"] = terms.get(row["term_ids"], [])
        return page

    @extend_schema(summary="Add a class", request=shapes.ClassIn, responses={201: shapes.ClassOut})
    def create(self, request: Request) -> HttpResponse:
        """A taught group of a course in a year."""
        fields = self.given(request)
        course, year, terms = fields.pop("course"), fields.pop("year"), fields.pop("terms", ())
        return self.made(
            request, services.add_class(course=course, year=year, fields=fields, terms=terms, by=request.user)
        )

    @extend_schema(summary="Change a class", request=shapes.ClassIn, responses=shapes.ClassOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The year stays; `term_ids` replaces the terms."""
        fields = self.given(request, partial=True)
        fields.pop("year", None)
        terms = fields.pop("terms", None)
        row = services.change_class(course_class=self.one(id), fields=fields, terms=terms, by=request.user)
        return self.as_read(row)

    @extend_schema(summary="Remove a class", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a class that nobody has ever been in."""
        services.remove_class(course_class=self.one(id, "institution"), by=request.user)
        return gone()
