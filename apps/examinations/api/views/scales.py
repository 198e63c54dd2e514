"""Grading scales."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.examinations import selectors, services
from apps.examinations.api import serializers as s
from apps.examinations.errors import ScaleUnknown
from apps.examinations.models import GradeBand, GradingScale
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, Rows, RowViewSet, Usual, answer, created, valid

MOST_PERCENT = 100_000


WRITTEN = r"^[0-9]{1,6}(\.[0-9]{1,20})?$"


def percentage(value: str) -> Decimal:
    """A percentage, 0 or more; a decimal as everywhere."""
    if not re.fullmatch(WRITTEN, value, re.ASCII) or (found := Decimal(value)) > MOST_PERCENT:
        raise ValueError(f"A number from 0 to {MOST_PERCENT}, such as 79.5.")
    return found


PERCENT = Parameter(percentage, about="Such as 79.5.", required=True)


class GradingScaleViewSet(RowViewSet):
    """Grading scales, every version of them."""

    asks = {
        "list": "exams.follow over everybody",
        "create": "exams.configure over school",
        "retrieve": "exams.follow over everybody",
        "add_version": "exams.configure over school",
        "retire": "exams.configure over school",
        "grade": "exams.follow over everybody",
    }
    out = s.GradingScaleOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        **{name: name for name in ("name", "version", "kind", "decimals", "retired")},
        "bands": "id",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"name": ("name", "-version", "id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "current": Parameter(
            parameters.yes_or_no, where=lambda yes: Q(retired=not yes), about="Only those in use, or only the others."
        ),
        "kind": Parameter(parameters.one_of(GradingScale.Kind), where="kind", about="Of this kind."),
    }
    not_visible = ScaleUnknown
    export_name = "grading-scales"

    def rows(self) -> QuerySet[Any]:
        access.require(actor(self.request), self.permission)
        return GradingScale.objects.all()

    def usual(self) -> Usual:
        access.require(actor(self.request), self.permission)
        return Usual((), GradingScale.objects.all, {})

    def finished(self, page: Rows) -> Rows:
        """The bands of all scales of the page, in one query."""
        shown = [row for row in page if "bands" in row]
        bands: dict[int, Rows] = {row["bands"]: [] for row in shown}
        names = ("code", "name", "lower", "upper", "points", "passing")
        for scale, *values in GradeBand.objects.filter(scale__in=bands).values_list("scale", *names):
            bands[scale].append(dict(zip(names, values, strict=True)))
        for row in shown:
            row["bands"] = bands[row["bands"]]
        return page

    @extend_schema(summary="Add a scale", request=s.GradingScaleIn, responses={201: s.GradingScaleOut})
    def create(self, request: Request) -> HttpResponse:
        """Each band runs to where the next one begins. A scale never changes; a change is a new version."""
        given = valid(s.GradingScaleIn, request.data)
        scale = services.add_scale(**_said(given), name=given["name"], by=actor(request))
        return created(request, self.row(Q(pk=scale.pk)))

    @extend_schema(
        summary="Put a new version in its place",
        request=s.GradingScaleVersionIn,
        responses={201: s.GradingScaleOut},
    )
    def add_version(self, request: Request, id: UUID) -> HttpResponse:
        """Papers that are set keep the version they were set with; new ones are graded by this one."""
        given = valid(s.GradingScaleVersionIn, request.data)
        scale = services.add_scale_version(scale=id, **_said(given), by=actor(request))
        return created(
            request, self.row(Q(pk=scale.pk)), at=request.path.replace(f"{id}/versions", str(scale.sourced_id))
        )

    @extend_schema(summary="Retire a scale", request=None, responses=s.GradingScaleOut)
    def retire(self, request: Request, id: UUID) -> HttpResponse:
        """No new paper is graded by it."""
        return answer(self.row(Q(pk=services.retire_scale(scale=id, by=actor(request)).pk)))

    @extend_schema(
        summary="What a percentage is worth",
        parameters=[
            OpenApiParameter(
                "percent",
                {"type": "string", "format": "decimal", "pattern": WRITTEN},
                required=True,
                description=f"Such as 79.5; up to {MOST_PERCENT}.",
            )
        ],
        responses=s.GradeOut,
    )
    def grade(self, request: Request, id: UUID) -> HttpResponse:
        """The grade of a percentage, as every screen, file and paper has it."""
        access.require(actor(request), "exams.follow")
        percent = self.asked_for(request, percent=PERCENT)["percent"]
        graded = selectors.band_of(selectors.scale_of(selectors.scale_by(Q(sourced_id=id))), percent)
        band = graded.band
        return answer(
            {
                "percent": graded.percent,
                "code": band.code,
                "name": band.name,
                "points": band.points,
                "passing": band.passing,
            }
        )


def _said(given: dict[str, Any]) -> dict[str, Any]:
    bands = [services.NewBand(**band) for band in given["bands"]]
    return {"kind": given["kind"], "decimals": given["decimals"], "bands": bands}
