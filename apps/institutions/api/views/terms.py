"""Terms."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.institutions import services
from apps.institutions.api import serializers as shapes
from apps.institutions.api.views.rows import OF_YEAR, ROSTERED, KeptRows
from apps.institutions.models import Term
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import gone


class TermViewSet(KeptRows):
    """Terms."""

    asks = {
        "list": "institutions.view over everybody",
        "create": "institutions.manage over campus",
        "retrieve": "institutions.view over everybody",
        "change": "institutions.manage over campus",
        "remove": "institutions.manage over campus",
    }
    model = Term
    into = shapes.TermIn
    out = shapes.TermOut
    columns = {
        **ROSTERED,
        "year_id": "year__sourced_id",
        "parent_id": "parent__sourced_id",
        **{name: name for name in ("name", "kind", "starts_on", "ends_on", "posting_opens_on", "posting_closes_on")},
    }
    sorts = {"starts_on": ("starts_on", "id")}
    filters = {
        "year_id": OF_YEAR,
        "institution_id": Parameter(parameters.public_id, "year__institution__sourced_id", "Of this institution."),
        "kind": Parameter(parameters.one_of(Term.Kind), "kind", "Of this kind."),
    }
    export_name = "terms"

    @extend_schema(summary="Add a term", request=shapes.TermIn, responses={201: shapes.TermOut})
    def create(self, request: Request) -> HttpResponse:
        """A part of a year."""
        fields = self.given(request)
        return self.made(request, services.add_term(year=fields.pop("year"), fields=fields, by=request.user))

    @extend_schema(summary="Change a term", request=shapes.TermIn, responses=shapes.TermOut)
    def change(self, request: Request, id: UUID) -> HttpResponse:
        """Change what is sent. The year stays."""
        fields = self.given(request, partial=True)
        fields.pop("year", None)
        return self.as_read(services.change_term(term=self.one(id, "year"), fields=fields, by=request.user))

    @extend_schema(summary="Remove a term", responses={204: None})
    def remove(self, request: Request, id: UUID) -> HttpResponse:
        """Remove a term that nothing refers to."""
        services.remove_term(term=self.one(id, "year"), by=request.user)
        return gone()
