"""What a paper is made of."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from schoolops.api import versions
from schoolops.api.viewsets import ApiViewSet, valid, with_version


class ExamComponentsViewSet(ApiViewSet):
    """The components of one paper."""

    asks = {
        "retrieve": "marks.view over section",
        "replace": "exams.manage over campus",
    }

    @extend_schema(summary="A paper's components", responses=s.ExamComponentsOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """What it is made of, and how each component went."""
        self.asked_for(request)
        return with_version(selectors.components_seen(id, by=actor(request)))

    @extend_schema(summary="Set a paper's components", request=s.ExamComponentsIn, responses=s.ExamComponentsOut)
    def replace(self, request: Request, id: UUID) -> HttpResponse:
        """Say what it is made of; once something is entered, only names, weights and what an absence does change."""
        given = valid(s.ExamComponentsIn, request.data)
        exam = services.set_components(
            paper=id,
            components=[services.Component(**each) for each in given["components"]],
            absent=given["absent"],
            expected_version=versions.expected(request),
            by=actor(request),
        )
        return with_version(selectors.told_of_paper(exam))
