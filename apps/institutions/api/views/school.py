"""The school at this address."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import selectors
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.institutions import logo_address
from schoolops.api.viewsets import ApiViewSet, answer
from schoolops.context import current_school


class SchoolViewSet(ApiViewSet):
    """The school at this address."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="The school at this address", responses=shapes.SchoolOut, auth=[])
    def retrieve(self, request: Request) -> HttpResponse:
        """Its name and what its campuses look like, for the login page. Needs no login."""
        self.asked_for(request)
        return answer(
            {
                "name": getattr(current_school(), "name", ""),
                "institutions": [
                    {
                        "id": brand.id,
                        "name": brand.name,
                        "brand_colour": brand.brand_colour,
                        "locale": brand.locale,
                        "logo": logo_address(brand.id) if brand.has_logo else None,
                    }
                    for brand in selectors.brands()
                ],
            }
        )
