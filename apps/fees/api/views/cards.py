"""Paying by card, and what the card gateway writes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from apps.accounts.api.authentication import actor
from apps.fees import selectors, services
from apps.fees.api import serializers as s
from apps.fees.errors import IntentUnknown
from apps.students.api.about import STUDENT
from schoolops import money
from schoolops.api.parameters import Parameter
from schoolops.api.parsers import BodyTooLarge
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, answer, created, valid
from schoolops.errors import SchoolOpsError
from schoolops.gateways.signing import HEADER
from schoolops.resilience.heavy import heavy


class PaymentIntentViewSet(RowViewSet):
    """Card payments that one has begun oneself.

    Each is paid on a page of the school's card gateway; no card's number ever comes here.
    """

    asks = {
        "list": "fees.follow over own",
        "retrieve": "fees.follow over own",
        "create": "fees.follow over student",
    }
    idempotency_key_required = True
    out = s.PaymentIntentOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "student_id": "student__sourced_id",
        "invoice_id": "invoice__sourced_id",
        "payment_id": "payment__sourced_id",
        "state": "state",
        "amount": money.as_said(),
        "currency": "currency",
        "day": "day",
        "expires_at": "expires_at",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {"student_id": STUDENT}
    not_visible = IntentUnknown
    export_name = "card-payments"

    def rows(self) -> QuerySet[Any]:
        return selectors.intents_begun(by=actor(self.request))

    @extend_schema(
        summary="Begin a card payment",
        request=s.PaymentIntentIn,
        responses={201: s.PaymentIntentBegunOut},
        examples=[
            OpenApiExample(
                "a bill",
                {"student_id": "…", "invoice_id": "…", "return_url": "/family/bills"},
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> HttpResponse:
        """Of a bill of one's own, or of whatever is due; needs an `Idempotency-Key`.

        Send the browser to `checkout_url`. It comes back to `return_url` when it was paid there or given up; the
        receipt follows once the gateway has said so, seconds later.
        """
        values = valid(s.PaymentIntentIn, request.data)
        row = services.begin_card_payment(
            student=values["student_id"],
            invoice=values.get("invoice_id"),
            amount=values.get("amount"),
            back_to=values["return_url"],
            host=request.build_absolute_uri("/").rstrip("/"),
            by=actor(request),
        )
        page = request.build_absolute_uri(services.checkout_path(row))
        return created(request, {**self.row(Q(pk=row.pk)), "checkout_url": page})


class _ForAnybody(ApiViewSet):
    """What a browser without a login, or a gateway, may call: what they bring says who they are."""

    authentication_classes = ()
    permission_classes = ()


class CheckoutViewSet(_ForAnybody):
    """On the way to the card gateway's page and back."""

    @extend_schema(summary="To the page on which a card payment is made", responses={302: None}, auth=[])
    def go(self, request: Request, ticket: str) -> HttpResponse:
        """Begun payments alone, within nine minutes and then for forty in all; else back with `payment_error`.

        That is a code, such as `gateways:away`.
        """
        self.asked_for(request)
        try:
            return heavy(lambda: HttpResponseRedirect(services.checkout_of(ticket)))()
        except IntentUnknown:
            raise
        except SchoolOpsError as refusal:
            # Whoever is on their way to pay is a person: they are told where they came from.
            return HttpResponseRedirect(services.come_back(ticket, error=refusal.code))

    @extend_schema(summary="Back from the card gateway's page", responses={302: None}, auth=[])
    def come_back(self, request: Request, ticket: str) -> HttpResponse:
        """On to where the payment was begun; what became of it is asked at the gateway meanwhile."""
        self.asked_for(request)
        return HttpResponseRedirect(services.come_back(ticket))


class GatewayEventViewSet(_ForAnybody):
    """What the card gateway writes to the school."""

    @extend_schema(summary="What the card gateway writes", request=OpenApiTypes.OBJECT, responses={204: None}, auth=[])
    def create(self, request: Request) -> HttpResponse:
        """Signed by it over the body as it is, within five minutes. A job does what follows."""
        try:
            body = request._request.body
        except RequestDataTooBig:
            raise BodyTooLarge(most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20) from None
        services.hear(body=body, signature=request.headers.get(HEADER, ""))
        return HttpResponse(status=204)


class CardGatewayViewSet(ApiViewSet):
    """The school's card gateway."""

    asks = {"retrieve": "fees.set_gateway over school", "replace": "fees.set_gateway over school"}

    @extend_schema(summary="The school's card gateway", responses=s.CardGatewayOut)
    def retrieve(self, request: Request) -> HttpResponse:
        """Its keys are not shown."""
        self.asked_for(request)
        return answer(self._said(request))

    @extend_schema(summary="Choose the card gateway", request=s.CardGatewayIn, responses=s.CardGatewayOut)
    def replace(self, request: Request) -> HttpResponse:
        """Enter the keys that it shows, and `events_url` there."""
        services.set_card_gateway(**valid(s.CardGatewayIn, request.data), by=actor(request))
        return answer(self._said(request))

    @staticmethod
    def _said(request: Request) -> dict[str, Any]:
        said = selectors.card_gateway(by=actor(request))
        return {**said, "events_url": request.build_absolute_uri(services.EVENTS)}
