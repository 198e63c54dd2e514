"""Each campus's rules."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access import services as access
from apps.accounts.api.authentication import actor
from apps.attendance import selectors, services
from apps.attendance.api import serializers as s
from schoolops.api import versions
from schoolops.api.fields import whole_list
from schoolops.api.viewsets import ApiViewSet, answer, valid, with_version


class PolicyViewSet(ApiViewSet):
    """Each campus's rules."""

    asks = {
        "list": "attendance.view over everybody",
        "change": "attendance.configure over campus",
    }

    @extend_schema(summary="The rules of every campus", responses=whole_list(s.AttendancePolicyOut))
    def list(self, request: Request) -> HttpResponse:
        """A campus that has set none has the defaults, at version 0."""
        self.asked_for(request)
        return answer({"results": selectors.policies(by=actor(request)), "next": None})

    @extend_schema(summary="Set a campus's rules", request=s.AttendancePolicyIn, responses=s.AttendancePolicyOut)
    def change(self, request: Request, institution: UUID) -> HttpResponse:
        """What is not sent stays. Days that are derived already change with their next roll."""
        by = actor(request)
        services.set_policy(
            institution=institution,
            values=valid(s.AttendancePolicyIn, request.data, partial=True),
            expected_version=versions.expected(request),
            by=by,
        )
        return with_version(
            next(
                policy
                for policy in selectors.policies(by=by, permission=access.held(by, *self.sees))
                if policy["institution_id"] == institution
            )
        )
