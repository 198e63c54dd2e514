"""Payments and what became of them."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from apps.access.api.lists import CampusRows
from apps.accounts.api.authentication import actor
from apps.fees import selectors, services
from apps.fees.api import serializers as s
from apps.fees.api.views.billing import INSTITUTION
from apps.fees.errors import PaymentUnknown
from apps.fees.models import Payment
from apps.students.api.about import STUDENT, student_columns
from schoolops import money
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import ApiViewSet, Columns, RowViewSet, Usual, answer, created, valid

_PAYMENT: Columns = {
    "id": "sourced_id",
    "receipt": selectors.printed_number(),
    "institution_id": "institution__sourced_id",
    **student_columns(),
    "guardian_id": "guardian__sourced_id",
    **{name: name for name in ("paid_by", "method", "reference", "day")},
    "amount": money.as_said(),
    "allocated": money.as_said("allocated_sum"),
    "returned": money.as_said("returned_sum"),
    "credit": money.as_said(F("amount") - F("allocated_sum") - F("returned_sum")),
    "currency": "currency",
    "reversed_as": F("undone"),
}


_WHOLE = s.PaymentWholeOut


class PaymentViewSet(CampusRows):
    """Payments. One that was taken never changes: what goes back is written down beside it.

    What moves money needs an ``Idempotency-Key``.
    """

    asks = {
        "list": "fees.view over campus",
        "retrieve": "fees.view over campus",
        "create": "fees.collect over campus",
        "refund": "fees.collect over campus",
        "reverse": "fees.collect over campus",
        "bounce": "fees.collect over campus",
        "charge_back": "fees.collect over campus",
        "clear": "fees.collect over campus",
    }
    idempotency_key_required = True
    out = s.PaymentOut
    columns: ClassVar[Columns] = _PAYMENT
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "institution_id": INSTITUTION,
        "student_id": STUDENT,
        "method": Parameter(parameters.one_of(Payment.Method), where="method", about="Paid like this."),
        "from": Parameter(parameters.day, where="day__gte", about="On this day or later."),
        "to": Parameter(parameters.day, where="day__lte", about="On this day or before."),
    }
    not_visible = PaymentUnknown
    export_name = "payments"
    seen = staticmethod(selectors.payments_seen)

    def row(self, condition: Q) -> dict[str, Any]:
        """With the bills it pays and what went back."""
        return selectors.payment_parts(super().row(condition))

    @extend_schema(summary="A payment", responses=s.PaymentWholeOut)
    def retrieve(self, request: Request, id: UUID, **_address: Any) -> HttpResponse:
        """With the bills it pays and what went back."""
        self.asked_for(request)
        return answer(self.row(Q(sourced_id=id)))

    @extend_schema(summary="Charge a payment back", request=s.ChargebackIn, responses={201: s.PaymentWholeOut})
    def charge_back(self, request: Request, id: UUID) -> HttpResponse:
        """The card's bank took it back, or a part: what it paid is owed again; needs an `Idempotency-Key`."""
        row = services.charge_back(payment=id, **valid(s.ChargebackIn, request.data), by=actor(request))
        return answer(self.row(Q(pk=row.payment_id)), status=201)

    @extend_schema(summary="Clear a cheque", request=None, responses=s.PaymentWholeOut)
    def clear(self, request: Request, id: UUID) -> HttpResponse:
        """The bank has paid it: it lies there from now on; needs an `Idempotency-Key`."""
        row = services.clear_cheque(payment=id, by=actor(request))
        return answer(self.row(Q(pk=row.pk)))

    @extend_schema(summary="Take a payment", request=s.PaymentIn, responses={201: s.PaymentWholeOut})
    def create(self, request: Request) -> HttpResponse:
        """Against the bills that are said, or what is due first; needs an `Idempotency-Key`."""
        values = valid(s.PaymentIn, request.data)
        student, pays = values.pop("student"), [services.Pays(**each) for each in values.pop("pays", ())]
        payment = services.NewPayment(**values, pays=pays)
        row = services.take_payment(student=student, payment=payment, by=actor(request))
        return created(request, self.row(Q(pk=row.pk)))

    @extend_schema(summary="Give back of a payment", request=s.RefundIn, responses={201: _WHOLE, 202: _WHOLE})
    def refund(self, request: Request, id: UUID) -> HttpResponse:
        """What of it pays no bill; needs an `Idempotency-Key`. What came through the card gateway goes back through it:
        202, and it is booked once that has said so."""
        row = services.refund(payment=id, **valid(s.RefundIn, request.data), by=actor(request))
        return answer(self.row(Q(sourced_id=id)), status=202 if row is None else 201)

    @extend_schema(summary="Reverse a payment", request=s.ReasonIn, responses={201: s.PaymentWholeOut})
    def reverse(self, request: Request, id: UUID) -> HttpResponse:
        """It was taken by mistake: what it paid is owed again; needs an `Idempotency-Key`."""
        row = services.reverse(payment=id, **valid(s.ReasonIn, request.data), by=actor(request))
        return answer(self.row(Q(pk=row.payment_id)), status=201)

    @extend_schema(summary="Bounce a cheque", request=s.ReasonIn, responses={201: s.PaymentWholeOut})
    def bounce(self, request: Request, id: UUID) -> HttpResponse:
        """The bank did not pay it: what it paid is owed again; needs an `Idempotency-Key`."""
        row = services.bounce(payment=id, **valid(s.ReasonIn, request.data), by=actor(request))
        return answer(self.row(Q(pk=row.payment_id)), status=201)


AT_CAMPUS = Parameter(parameters.public_id, None, "A campus that bills them; theirs unless said.")


class StandingViewSet(ApiViewSet):
    """What a student owes, and what is paid ahead."""

    asks = {"retrieve": "fees.view over campus"}

    @extend_schema(summary="What a student owes", responses=s.StandingOut)
    def retrieve(self, request: Request, id: UUID) -> HttpResponse:
        """What is left of each instalment, the first due first, and of each payment."""
        campus = self.asked_for(request, institution_id=AT_CAMPUS).get("institution_id")
        student, at = selectors.account_at(id, "fees.view", campus=campus, by=actor(request))
        return answer(selectors.standing_of(student, at))


class AllocatingViewSet(ApiViewSet):
    """What puts credit against bills, and so needs an ``Idempotency-Key``."""

    asks = {"create": "fees.collect over campus"}
    idempotency_key_required = True

    @extend_schema(summary="Use what is paid ahead", request=s.AllocationIn, responses={201: s.StandingOut})
    def create(self, request: Request, id: UUID) -> HttpResponse:
        """Against the bills that are said, or what is due first; needs an `Idempotency-Key`."""
        by = actor(request)
        given = valid(s.AllocationIn, request.data)
        pays = [services.Pays(**each) for each in given.get("pays", ())]
        campus = given.get("institution")
        student, at = selectors.account_at(id, "fees.collect", campus=campus and campus.sourced_id, by=by)
        services.allocate(student=student, pays=pays, institution=at, by=by)
        return answer(selectors.standing_of(student, at), status=201)


class FollowedPaymentViewSet(RowViewSet):
    """The receipts of a student that are one's own, or the family's."""

    asks = {"list": "fees.follow over student"}
    out = s.PaymentOut
    columns: ClassVar[Columns] = _PAYMENT
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    export_name = "receipts"

    def rows(self) -> QuerySet[Any]:
        return selectors.payments_followed(self.kwargs["id"], by=actor(self.request))

    def usual(self) -> Usual:
        by = actor(self.request)
        child = selectors.child_followed(self.kwargs["id"], by=by)
        return Usual((), selectors.asked_payments, {"child": child.pk, "user": by.pk})
