"""Gradebooks: what is assessed, what is entered of it, and what families read of that."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from apps.examinations.api.views.exams import GROUP
from apps.examinations.errors import GradebookUnknown
from apps.examinations.models import Gradebook
from apps.students.api.about import STUDENT, change_columns
from schoolops.api import parameters, versions
from schoolops.api.fields import whole_list
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, Usual, answer, valid, with_version


class GradebookPublicationIn(serializers.Serializer[object]):
    """From when on families read it; null: they do not."""

    published_at = s.Moment(allow_null=True)


class GradebookViewSet(RowViewSet):
    """The gradebooks of sections and classes in reach."""

    asks = {
        "list": "marks.view over section",
        "create": "marks.enter over section",
        "retrieve": "marks.view over section",
        "replace": "marks.enter over section",
        "enter": "marks.enter over section",
        "publish": "exams.publish over section",
        "reopen": "marks.reopen over section",
    }
    out = s.GradebookOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "term_id": "term__sourced_id",
        "term": "term__name",
        "section_id": "section__sourced_id",
        "class_id": "course_class__sourced_id",
        "course_id": "course__sourced_id",
        "course": "course__title",
        "group": GROUP,
        **{name: name for name in ("published_at", "version", "marks_version")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {
        "newest": ("-term__starts_on", "course__title", "id"),
        "course": ("course__title", "-term__starts_on", "id"),
    }
    filters: ClassVar[dict[str, Parameter]] = {
        "term_id": Parameter(parameters.public_id, where="term__sourced_id", about="Of this term."),
        "year_id": Parameter(parameters.public_id, where="term__year__sourced_id", about="Of this year."),
        "section_id": Parameter(parameters.public_id, where="section__sourced_id", about="Of this section."),
        "class_id": Parameter(parameters.public_id, where="course_class__sourced_id", about="Of this class."),
        "course_id": Parameter(parameters.public_id, where="course__sourced_id", about="In this course."),
        "published": Parameter(parameters.yes_or_no, where="has_moment", about="Of which the moment is set, or not."),
    }
    not_visible = GradebookUnknown
    export_name = "gradebooks"

    def usual(self) -> Usual | None:
        reach = selectors.asked_papers(actor(self.request), self.permission)
        if reach is None:
            return None
        return Usual(reach.shape, lambda: Gradebook.objects.filter(reach.rows()), reach.values)

    def rows(self) -> QuerySet[Any]:
        return selectors.gradebooks_seen(by=actor(self.request)).annotate(
            has_moment=ExpressionWrapper(Q(published_at__isnull=False), output_field=BooleanField())
        )

    @extend_schema(summary="Begin a gradebook", request=s.GradebookIn, responses={201: s.GradebookSheetOut})
    def create(self, request: Request) -> HttpResponse:
        """Of a section in a course, or of a class, in a term."""
        book = services.open_gradebook(**valid(s.GradebookIn, request.data), by=actor(request))
        return answer(selectors.sheet_of_book(book), status=201)

    @extend_schema(summary="A gradebook", responses=s.GradebookSheetOut)
    def retrieve(self, request: Request, id: UUID, **_address: Any) -> HttpResponse:
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

    @extend_schema(summary="Re-open a gradebook", request=s.MarksReopenIn, responses=s.GradebookSheetOut)
    def reopen(self, request: Request, id: UUID) -> HttpResponse:
        """Let one that is closed change, for a while and with a reason; it closes itself again."""
        given = valid(s.MarksReopenIn, request.data)
        book = services.reopen_gradebook(gradebook=id, **given, by=actor(request))
        return with_version(selectors.sheet_of_book(book))

    @extend_schema(summary="Publish a gradebook", request=GradebookPublicationIn, responses=s.GradebookOut)
    def publish(self, request: Request, id: UUID) -> HttpResponse:
        """Let families read what it comes to from a moment on, or not any more."""
        given = valid(GradebookPublicationIn, request.data)
        expected = versions.expected(request)
        book = services.publish_gradebook(gradebook=id, **given, expected_version=expected, by=actor(request))
        return with_version(selectors.head_of_book(book))


class GradebookHistoryViewSet(RowViewSet):
    """Everything that was ever entered in one gradebook, newest first."""

    asks = {
        "list": "marks.view over section",
    }
    out = s.AssessmentChangeOut
    columns: ClassVar[Columns] = {**change_columns("marks_version"), "assessment_id": "assessment"}
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",)}
    filters: ClassVar[dict[str, Parameter]] = {"student_id": STUDENT}
    export_name = "gradebook-history"

    def rows(self) -> QuerySet[Any]:
        return selectors.book_changes(self.kwargs["id"], by=actor(self.request))


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
