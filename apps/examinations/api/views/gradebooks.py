"""Gradebooks: what is assessed, what is entered of it, and what families read of that."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from schoolops.api import versions
from schoolops.api.fields import whole_list
from schoolops.api.viewsets import ApiViewSet, answer, valid, with_version


class GradebookPublicationIn(serializers.Serializer[object]):
    """From when on families read it; null: they do not."""

    published_at = s.Moment(allow_null=True)


class GradebookViewSet(ApiViewSet):
    """The gradebooks of sections and classes in reach."""

    asks = {
        "list": "marks.view over section",
        "create": "marks.enter over section",
        "retrieve": "marks.view over section",
        "replace": "marks.enter over section",
        "enter": "marks.enter over section",
        "publish": "exams.publish over section",
    }

    @extend_schema(summary="Gradebooks", responses=whole_list(s.GradebookOut))
    def list(self, request: Request) -> HttpResponse:
        """Every one in reach, the latest terms first."""
        self.asked_for(request)
        rows = selectors.gradebooks_seen(by=actor(request)).order_by("-term__starts_on", "course__title", "pk")
        return answer({"results": [selectors.head_of_book(each) for each in rows], "next": None})

    @extend_schema(summary="Begin a gradebook", request=s.GradebookIn, responses={201: s.GradebookSheetOut})
    def create(self, request: Request) -> HttpResponse:
        """Of a section in a course, or of a class, in a term."""
        book = services.open_gradebook(**valid(s.GradebookIn, request.data), by=actor(request))
        return answer(selectors.sheet_of_book(book), status=201)

    @extend_schema(summary="A gradebook", responses=s.GradebookSheetOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """What is assessed, what is entered of every student, and what that comes to."""
        self.asked_for(request)
        return with_version(selectors.gradebook_sheet(id, by=actor(request)))

    @extend_schema(summary="Set a gradebook", request=s.GradebookSetIn, responses=s.GradebookSheetOut)
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Say what is assessed, in order; an assessment of which something is entered stays, with its marks."""
        given = valid(s.GradebookSetIn, request.data)
        book = services.set_gradebook(
            gradebook=id,
            categories=[services.CategorySaid(**each) for each in given["categories"]],
            assessments=[services.AssessmentSaid(**each) for each in given["assessments"]],
            expected_version=versions.expected(request),
            by=actor(request),
        )
        return with_version(selectors.sheet_of_book(book))

    @extend_schema(summary="Enter marks of a gradebook", request=s.AssessmentMarksIn, responses=s.GradebookSheetOut)
    def enter(self, request: Request, id: UUID) -> HttpResponse:
        """Enter cells; others stay as they are. A cell that somebody else changed since is refused, and all with it."""
        given = valid(s.AssessmentMarksIn, request.data)
        book = services.enter_assessments(
            gradebook=id,
            typed=[services.Typed(**each) for each in given["records"]],
            seen_version=given["marks_version"],
            by=actor(request),
        )
        return with_version(selectors.sheet_of_book(book))

    @extend_schema(summary="Publish a gradebook", request=GradebookPublicationIn, responses=s.GradebookOut)
    def publish(self, request: Request, id: UUID) -> HttpResponse:
        """Let families read what it comes to from a moment on, or not any more."""
        given = valid(GradebookPublicationIn, request.data)
        expected = versions.expected(request)
        book = services.publish_gradebook(gradebook=id, **given, expected_version=expected, by=actor(request))
        return with_version(selectors.head_of_book(book))


class FollowedTermResultViewSet(ApiViewSet):
    """A student's results by course and term, once their gradebooks are published; the same for everybody who asks."""

    asks = {
        "list": "exams.follow over student",
    }

    @extend_schema(summary="A student's published term results", responses=whole_list(s.TermResultOut))
    def list(self, request: Request, id: UUID) -> HttpResponse:
        """Coursework and published exams of each course, and both by the policy's weights."""
        self.asked_for(request)
        return answer({"results": selectors.term_results_followed(id, by=actor(request)), "next": None})
