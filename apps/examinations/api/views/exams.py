"""Papers: those that staff set, and those that a student's family sees."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Concat
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from apps.examinations.errors import PaperUnknown
from apps.examinations.models import Exam
from schoolops.api import parameters, versions
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, Rows, RowViewSet, Usual, answer, gone, valid, with_version

FOLLOWED: Columns = {
    "id": "sourced_id",
    "session_id": "session__sourced_id",
    "session": "session__name",
    "kind": "session__kind",
    "course_id": "course__sourced_id",
    "course": "course__title",
    **{name: name for name in ("title", "day", "starts_at", "ends_at", "room", "max_marks", "pass_marks")},
}
# The class or section, in words.
GROUP = Case(
    When(course_class__isnull=False, then=F("course_class__title")),
    default=Concat("section__grade_level__name", Value(" "), "section__name"),
)
DAYS = {
    "day": Parameter(parameters.day, where="day", about="On this day."),
    "since": Parameter(parameters.day, where="day__gte", about="This day and later."),
    "until": Parameter(parameters.day, where="day__lte", about="This day and earlier."),
}
OF_SESSION = Parameter(parameters.public_id, where="session__sourced_id", about="Of this session.")
BY_DAY: dict[str, tuple[str, ...]] = {"day": ("day", "starts_at", "id")}


class ExamViewSet(RowViewSet):
    """The papers of the sections and classes in reach, published or not."""

    asks = {
        "list": "exams.view over section",
        "create": "exams.manage over campus",
        "retrieve": "exams.view over section",
        "change": "exams.manage over campus",
        "remove": "exams.manage over campus",
    }
    out = s.ExamOut
    columns: ClassVar[Columns] = {
        **FOLLOWED,
        "institution_id": "institution__sourced_id",
        "class_id": "course_class__sourced_id",
        "section_id": "section__sourced_id",
        "group": GROUP,
        "scale_id": "scale__sourced_id",
        "invigilators": "id",
        "version": "version",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = BY_DAY
    filters: ClassVar[dict[str, Parameter]] = {
        "session_id": OF_SESSION,
        "institution_id": Parameter(parameters.public_id, where="institution__sourced_id", about="One campus only."),
        "section_id": Parameter(parameters.public_id, where="section__sourced_id", about="Of this section."),
        "class_id": Parameter(parameters.public_id, where="course_class__sourced_id", about="Of this class."),
        "course_id": Parameter(parameters.public_id, where="course__sourced_id", about="In this course."),
        **DAYS,
    }
    not_visible = PaperUnknown
    export_name = "exams"

    def usual(self) -> Usual | None:
        reach = selectors.asked_papers(actor(self.request), "exams.view")
        if reach is None:
            return None
        return Usual(reach.shape, lambda: Exam.objects.filter(reach.rows()), reach.values)

    def rows(self) -> QuerySet[Any]:
        return selectors.papers_seen(by=actor(self.request), permission=self.permission)

    def finished(self, page: Rows) -> Rows:
        """Who invigilates the papers of the page, in one query."""
        shown = [row for row in page if "invigilators" in row]
        people = selectors.invigilators_of(row["invigilators"] for row in shown)
        for row in shown:
            row["invigilators"] = people.get(row["invigilators"], [])
        return page

    @extend_schema(summary="Set papers of a session", request=s.ExamsIn, responses={201: s.ExamsOut})
    def create(self, request: Request) -> HttpResponse:
        """One paper or a whole timetable: all are set, or none and each refusal says with what it clashes."""
        given = valid(s.ExamsIn, request.data)
        papers = [_paper(said) for said in given["papers"]]
        made = services.add_papers(session=given["session_id"], papers=papers, by=actor(request))
        columns = self.columns_here()
        rows = self.rows().filter(pk__in=[each.pk for each in made]).order_by("pk").values_list(*columns.values())
        page = self.finished([dict(zip(columns, row, strict=True)) for row in rows])
        return answer({"results": page, "next": None}, status=201)

    @extend_schema(summary="Change a paper", request=s.ExamChangeIn, responses=s.ExamOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. Whose paper it is, and of which course, stays."""
        values = _values(valid(s.ExamChangeIn, request.data, partial=True))
        exam = services.change_paper(
            paper=id, values=values, expected_version=versions.expected(request), by=actor(request)
        )
        return with_version(self.row(Q(pk=exam.pk)))

    @extend_schema(summary="Remove a paper", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a paper and who invigilates it."""
        services.remove_paper(paper=id, by=actor(request))
        return gone()


def _values(said: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if name == "invigilator_ids" else value for name, value in said.items()}


def _paper(said: dict[str, Any]) -> services.Paper:
    return services.Paper(**_values(said))


class FollowedExamViewSet(RowViewSet):
    """The papers of a student, once their timetable is published; the same for everybody who asks."""

    asks = {
        "list": "exams.follow over student",
    }
    out = s.FollowedExamOut
    columns: ClassVar[Columns] = FOLLOWED
    sorts: ClassVar[dict[str, tuple[str, ...]]] = BY_DAY
    filters: ClassVar[dict[str, Parameter]] = {"session_id": OF_SESSION, **DAYS}
    export_name = "exams"

    def rows(self) -> QuerySet[Any]:
        return selectors.exams_followed(self.kwargs["id"], by=actor(self.request))
