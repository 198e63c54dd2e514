"""Marks: entered a whole paper at a time, and read by a student's family once they are published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access.services import today
from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from apps.students.api.about import change_columns
from schoolops.api import versions
from schoolops.api.fields import whole_list
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, valid, with_version


class ExamMarksViewSet(ApiViewSet):
    """The marks of one paper."""

    asks = {
        "retrieve": "marks.view over section",
        "replace": "marks.enter over section",
        "reopen": "marks.reopen over section",
    }

    @extend_schema(summary="A paper's marks", responses=s.ExamMarksOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """Every student who sits the paper as of its day, marked or not yet."""
        self.asked_for(request)
        return with_version(selectors.marks_sheet(id, by=actor(request)))

    @extend_schema(summary="Enter a paper's marks", request=s.ExamMarksIn, responses=s.ExamMarksOut)
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Enter the marks of everybody who sits the paper; entering them again replaces."""
        given = valid(s.ExamMarksIn, request.data)
        exam = services.enter_marks(
            paper=id,
            marks=list(_written(given["records"])),
            expected_version=versions.expected(request, required=False),
            by=actor(request),
        )
        return with_version(selectors.sheet_of(exam))

    @extend_schema(summary="Re-open a paper's marks", request=s.MarksReopenIn, responses=s.ExamMarksHeadOut)
    def reopen(self, request: Request, id: UUID) -> HttpResponse:
        """Let marks be entered that are closed, for a while and with a reason; they close themselves again."""
        given = valid(s.MarksReopenIn, request.data)
        exam = services.reopen_marks(paper=id, **given, by=actor(request))
        return with_version(selectors.head_of_marks(exam))


def _written(records: Iterable[Mapping[str, Any]]) -> Iterator[services.Written]:
    """Each record, or of one that is by component each of these."""
    for number, record in enumerate(records):
        student, at = record["student_id"], f"records.{number}"
        if not record["components"]:
            yield services.Written(student, record["score"], record["status"], at=at)
        elif said := record["score"] or record["status"]:
            # Beside components there is nothing to say of the paper: it is refused as such.
            yield services.Written(student, said, at=at)
        else:
            for place, each in enumerate(record["components"]):
                at = f"records.{number}.components.{place}"
                yield services.Written(student, each["score"], each["status"], each["component_id"], at)


class MarkHistoryViewSet(RowViewSet):
    """Everything that was ever entered for one paper, newest first."""

    asks = {
        "list": "marks.view over section",
    }
    out = s.MarkChangeOut
    columns: ClassVar[Columns] = change_columns("marks_version")
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",)}
    export_name = "mark-history"

    def rows(self) -> QuerySet[Any]:
        return selectors.mark_changes(self.kwargs["id"], by=actor(self.request))


class ToMarkViewSet(ApiViewSet):
    """What is still to be marked."""

    asks = {
        "list": "marks.enter over section",
    }

    @extend_schema(summary="What is still to be marked", responses=whole_list(s.PaperToMarkOut))
    def list(self, request: Request) -> HttpResponse:
        """The papers of yours that were sat and that marks are missing of, by when they close."""
        self.asked_for(request)
        by = actor(request)
        return answer({"results": selectors.papers_to_mark(by=by, day=today(by)), "next": None})


class FollowedMarkViewSet(ApiViewSet):
    """A student's marks, once the results of their session are published; the same for everybody who asks."""

    asks = {
        "list": "exams.follow over student",
    }

    @extend_schema(summary="A student's published marks", responses=whole_list(s.FollowedMarkOut))
    def list(self, request: Request, id: UUID) -> HttpResponse:
        """Every mark whose results are published, by day."""
        self.asked_for(request)
        return answer({"results": selectors.marks_followed(id, by=actor(request)), "next": None})
