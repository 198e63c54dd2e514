"""Bills, receipts and statements on paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.fees import services
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, pdf_response
from schoolops.resilience.heavy import working

PAPER: Any = {(200, "application/pdf"): bytes}
CAMPUS = Parameter(parameters.public_id, about="A campus that bills them; theirs unless said.")
GUARDIAN = Parameter(parameters.public_id, about="Of all children of this guardian there, as far as it is theirs.")


class PaperViewSet(ApiViewSet):
    """PDF in the language of whom it is for, with the head of the campus's paper: the same bytes for the same one."""

    asks = {
        "bill": "fees.view over campus",
        "receipt": "fees.view over campus",
        "statement": "fees.view over campus",
        "followed_bill": "fees.follow over student",
        "followed_receipt": "fees.follow over student",
        "followed_statement": "fees.follow over student",
    }

    @extend_schema(summary="A bill on paper", responses=PAPER)
    def bill(self, request: Request, id: UUID) -> HttpResponse:
        """As it was issued, with what was credited of it since."""
        self.asked_for(request)
        with working():
            paper = services.print_invoice(invoice=id, by=actor(request))
        return pdf_response(paper.file_name, paper.content)

    @extend_schema(summary="A receipt on paper", responses=PAPER)
    def receipt(self, request: Request, id: UUID) -> HttpResponse:
        """With what it pays, and what went back since."""
        self.asked_for(request)
        with working():
            paper = services.print_receipt(payment=id, by=actor(request))
        return pdf_response(paper.file_name, paper.content)

    @extend_schema(
        summary="A statement on paper",
        responses=PAPER,
        parameters=[
            OpenApiParameter("institution_id", UUID, description=CAMPUS.about),
            OpenApiParameter("guardian_id", UUID, description=GUARDIAN.about),
        ],
    )
    def statement(self, request: Request, id: UUID) -> HttpResponse:
        """A student's account at a campus, with its balance."""
        asked = self.asked_for(request, institution_id=CAMPUS, guardian_id=GUARDIAN)
        guardian, campus = asked.get("guardian_id"), asked.get("institution_id")
        with working():
            paper = services.print_statement(student=id, guardian=guardian, campus=campus, by=actor(request))
        return pdf_response(paper.file_name, paper.content)

    @extend_schema(summary="One's own bill on paper", responses=PAPER)
    def followed_bill(self, request: Request, id: UUID, invoice: UUID) -> HttpResponse:
        """A child's bill that is one's own to pay, or the family's."""
        self.asked_for(request)
        with working():
            paper = services.print_followed_invoice(student=id, invoice=invoice, by=actor(request))
        return pdf_response(paper.file_name, paper.content)

    @extend_schema(summary="One's own receipt on paper", responses=PAPER)
    def followed_receipt(self, request: Request, id: UUID, payment: UUID) -> HttpResponse:
        """A receipt that is one's own, or the family's."""
        self.asked_for(request)
        with working():
            paper = services.print_followed_receipt(student=id, payment=payment, by=actor(request))
        return pdf_response(paper.file_name, paper.content)

    @extend_schema(
        summary="One's own statement on paper",
        responses=PAPER,
        parameters=[OpenApiParameter("institution_id", UUID, description=CAMPUS.about)],
    )
    def followed_statement(self, request: Request, id: UUID) -> HttpResponse:
        """With all the children one follows at the campus of this one."""
        campus = self.asked_for(request, institution_id=CAMPUS).get("institution_id")
        with working():
            paper = services.print_followed_statement(student=id, campus=campus, by=actor(request))
        return pdf_response(paper.file_name, paper.content)
