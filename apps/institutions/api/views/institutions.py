"""Campuses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import services
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.rows import ROSTERED, KeptRows
from apps.institutions.models import Institution
from apps.institutions.scopes import gate


class InstitutionViewSet(KeptRows):
    """Campuses."""

    asks = {
        "list": "institutions.view over everybody",
        "create": "institutions.manage over school",
        "retrieve": "institutions.view over everybody",
        "change": "institutions.manage over campus",
    }
    model = Institution
    into = shapes.InstitutionIn
    out = shapes.InstitutionOut
    columns = {
        **ROSTERED,
        **{
            name: name
            for name in (
                "name",
                "code",
                "timezone",
                "currency",
                "locale",
                "address",
                "phone",
                "email",
                "brand_colour",
                "weekend",
            )
        },
        "logo": "logo",
    }
    sorts = {"name": ("name", "id")}
    export_name = "institutions"

    def finished(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in page:
            if "logo" in row:
                row["logo"] = logo_address(row["id"]) if row["logo"] else None
        return page

    @extend_schema(summary="Add a campus", request=shapes.InstitutionIn, responses={201: shapes.InstitutionOut})
    def create(self, request: Request) -> HttpResponse:
        """A new campus of the school."""
        return self.made(request, services.add_institution(fields=self.given(request), by=request.user))

    @extend_schema(summary="Change a campus", request=shapes.InstitutionIn, responses=shapes.InstitutionOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent; the rest stays."""
        fields = self.given(request, partial=True)
        return self.as_read(services.change_institution(institution=self.one(id), fields=fields, by=request.user))


def logo_address(id: UUID) -> str:
    return f"/api/v1/institutions/{id}/logo"


def institution_of(request: Request, id: UUID) -> Institution:
    gate().require(request.user, "institutions.view")
    found: Institution | None = Institution.objects.filter(sourced_id=id).first()
    if found is None:
        raise InstitutionViewSet.not_visible
    return found
