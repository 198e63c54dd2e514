"""Results: computed by a job, read by staff, and by a student's family once they are published."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from apps.examinations.models import ResultPolicy
from apps.students.api.about import SECTION, STUDENT, student_columns
from schoolops.api import versions
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, valid, with_version


class SessionResultViewSet(RowViewSet):
    """What a session's papers come to, of the sections in reach."""

    asks = {
        "list": "marks.view over section",
        "compute": "exams.manage over campus",
    }
    out = s.SessionResultOut
    columns: ClassVar[Columns] = {
        **student_columns(),
        "section_id": "section__sourced_id",
        **{name: name for name in ("total", "out_of", "percent", "complete", "rank", "ranked")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"name": ("student__name_key", "student_id")}
    filters: ClassVar[dict[str, Parameter]] = {"section_id": SECTION, "student_id": STUDENT}
    export_name = "exam-results"

    def rows(self) -> QuerySet[Any]:
        return selectors.results_seen(self.kwargs["id"], by=actor(self.request))

    @extend_schema(summary="Compute a session's results", request=None, responses={202: s.ResultsAskedOut})
    def compute(self, request: Request, id: UUID) -> HttpResponse:
        """A job computes them anew, by the policy of now. From then on they follow marks and papers by themselves."""
        session = services.ask_for_results(session=id, by=actor(request))
        return answer(selectors.session_with_results(session), status=202)


class FollowedResultViewSet(ApiViewSet):
    """A student's results, once they are published; the same for everybody who asks."""

    asks = {
        "list": "exams.follow over student",
    }

    @extend_schema(summary="A student's published results", responses=s.FollowedResultsOut)
    def list(self, request: Request, id: UUID) -> HttpResponse:
        """Every published session, and the average of each term over what is published of it."""
        self.asked_for(request)
        return answer(selectors.results_followed(id, by=actor(request)))


class ResultPolicyViewSet(ApiViewSet):
    """How results are made of marks."""

    asks = {
        "retrieve": "exams.view over everybody",
        "change": "exams.configure over school",
    }

    @extend_schema(summary="How results are made", responses=s.ResultPolicyOut)
    def retrieve(self, request: Request) -> HttpResponse:
        """The version that sessions are computed by from now on; 0 while the school has set nothing."""
        self.asked_for(request)
        access.require(actor(request), "exams.view")
        return with_version(_told(selectors.result_policy()))

    @extend_schema(summary="Make results otherwise", request=s.ResultPolicyIn, responses=s.ResultPolicyOut)
    def change(self, request: Request) -> HttpResponse:
        """What is not sent stays. Sessions keep the version they were computed by until they are computed anew."""
        values, expected = valid(s.ResultPolicyIn, request.data, partial=True), versions.expected(request)
        return with_version(
            _told(services.set_result_policy(values=values, expected_version=expected, by=actor(request)))
        )


def _told(policy: ResultPolicy) -> dict[str, Any]:
    told = {name: getattr(policy, name) for name in ("version", *selectors.POLICY)}
    # Of the defaults, which are no row, it is a plain number.
    return {**told, "coursework": Decimal(policy.coursework)}
