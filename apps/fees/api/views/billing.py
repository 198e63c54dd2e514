"""Runs and the bills they make."""

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
from apps.fees.errors import InvoiceUnknown, RunUnknown
from apps.fees.models import Invoice, InvoiceRun, RunOutcome
from apps.students.api.about import STUDENT, student_columns
from schoolops import money
from schoolops.api import parameters
from schoolops.api.parameters import Parameter
from schoolops.api.viewsets import Columns, RowViewSet, Usual, answer, created, valid

INSTITUTION = Parameter(parameters.public_id, where="institution__sourced_id", about="One campus only.")


class InvoiceRunViewSet(CampusRows):
    """Runs: begun, looked at, confirmed, and then made by a job."""

    asks = {
        "list": "fees.view over campus",
        "create": "fees.charge over campus",
        "retrieve": "fees.view over campus",
        "preview": "fees.view over campus",
        "confirm": "fees.charge over campus",
    }
    out = s.InvoiceRunOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "term_id": "term__sourced_id",
        "institution_id": "term__year__institution__sourced_id",
        **{name: name for name in ("due_on", "state", "confirmed_at", "done_at")},
        **{name: name for name in ("waiting", "billed", "left_out", "refused")},
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "term_id": Parameter(parameters.public_id, where="term__sourced_id", about="Of this term."),
        "state": Parameter(parameters.one_of(InvoiceRun.State), where="state", about="Where it stands."),
    }
    not_visible = RunUnknown
    export_name = "invoice-runs"
    seen = staticmethod(selectors.runs_seen)

    @extend_schema(summary="Begin to bill a term", request=s.InvoiceRunIn, responses={201: s.InvoiceRunOut})
    def create(self, request: Request) -> HttpResponse:
        """Nothing is billed before the run is confirmed."""
        run = services.begin_run(**valid(s.InvoiceRunIn, request.data), by=actor(request))
        return created(request, self.row(Q(pk=run.pk)))

    @extend_schema(summary="What a run would bill", responses=s.PreviewOut)
    def preview(self, request: Request, id: UUID) -> HttpResponse:
        """To the last unit: by item and section, who is left out and why, and three bills as they would be."""
        self.asked_for(request)
        return answer(selectors.preview_of(id, by=actor(request)))

    @extend_schema(summary="Confirm a run", request=s.InvoiceRunConfirmIn, responses={202: s.InvoiceRunOut})
    def confirm(self, request: Request, id: UUID) -> HttpResponse:
        """A job makes the bills; the run says how far it is. Who comes to another amount by then is refused by name."""
        total = valid(s.InvoiceRunConfirmIn, request.data)["total"]
        run = services.confirm_run(run=id, total=total, by=actor(request))
        return answer(self.row(Q(pk=run.pk)), status=202)


class RunOutcomeViewSet(RowViewSet):
    """What became of each student in a run."""

    asks = {"list": "fees.view over campus"}
    out = s.RunOutcomeOut
    columns: ClassVar[Columns] = {
        **student_columns(),
        "outcome": "outcome",
        "why": "why",
        "amount": money.as_said(),
        "currency": "currency",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"name": ("student__name_key", "student_id")}
    filters: ClassVar[dict[str, Parameter]] = {
        "outcome": Parameter(parameters.one_of(RunOutcome.Outcome), where="outcome", about="With this outcome."),
    }
    export_name = "run-outcomes"

    def rows(self) -> QuerySet[Any]:
        return selectors.outcomes_seen(self.kwargs["id"], by=actor(self.request))


_INVOICE: Columns = {
    "id": "sourced_id",
    "number": selectors.printed_number(),
    "institution_id": "institution__sourced_id",
    **student_columns(),
    "guardian_id": "guardian__sourced_id",
    "bill_to": "bill_to",
    "term_id": "term__sourced_id",
    "issued_on": "issued_on",
    "due_on": F("first_due_on"),
    "total": money.as_said("total"),
    "credited": money.as_said("credited_sum"),
    "paid": money.as_said("paid_sum"),
    "left": money.as_said("left_sum"),
    **{name: name for name in ("currency", "state", "void_reason")},
}


class InvoiceViewSet(CampusRows):
    """Bills. One that was issued never changes: it is credited, or void before anything is."""

    asks = {
        "list": "fees.view over campus",
        "retrieve": "fees.view over campus",
        "void": "fees.charge over campus",
        "credit": "fees.charge over campus",
    }
    out = s.InvoiceOut
    columns: ClassVar[Columns] = _INVOICE
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "institution_id": INSTITUTION,
        "term_id": Parameter(parameters.public_id, where="term__sourced_id", about="Of this term."),
        "run_id": Parameter(parameters.public_id, where="run__sourced_id", about="Made by this run."),
        "student_id": STUDENT,
        "state": Parameter(parameters.one_of(Invoice.State), where="state", about="Issued, or void."),
    }
    not_visible = InvoiceUnknown
    export_name = "invoices"
    seen = staticmethod(selectors.invoices_seen)

    def row(self, condition: Q) -> dict[str, Any]:
        """With what stands on it."""
        return selectors.with_parts(super().row(condition))

    @extend_schema(summary="A bill", responses=s.InvoiceWholeOut)
    def retrieve(self, request: Request, id: UUID, **_address: Any) -> HttpResponse:
        """With its lines and its instalments."""
        self.asked_for(request)
        return answer(self.row(Q(sourced_id=id)))

    @extend_schema(summary="Make a bill void", request=s.ReasonIn, responses=s.InvoiceWholeOut)
    def void(self, request: Request, id: UUID) -> HttpResponse:
        """Before anything is paid or credited on it; its items can be billed again."""
        reason = valid(s.ReasonIn, request.data)["reason"]
        invoice = services.void_invoice(invoice=id, reason=reason, by=actor(request))
        return answer(self.row(Q(pk=invoice.pk)))

    @extend_schema(summary="Credit a bill", request=s.CreditNoteIn, responses={201: s.InvoiceWholeOut})
    def credit(self, request: Request, id: UUID) -> HttpResponse:
        """Ask for less of it, with a note that has a number; needs an `Idempotency-Key`."""
        given = valid(s.CreditNoteIn, request.data)
        note = services.credit_invoice(invoice=id, **given, by=actor(request))
        return answer(self.row(Q(pk=note.invoice_id)), status=201)


class CreditingViewSet(InvoiceViewSet):
    """What moves money, and so needs an ``Idempotency-Key``."""

    idempotency_key_required = True


class CreditNoteViewSet(CampusRows):
    """What was credited."""

    asks = {"list": "fees.view over campus"}
    out = s.CreditNoteOut
    columns: ClassVar[Columns] = {
        "id": "sourced_id",
        "number": selectors.printed_number(),
        "invoice_id": "invoice__sourced_id",
        "issued_on": "issued_on",
        "amount": money.as_said(),
        "currency": "currency",
        "reason": "reason",
    }
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    filters: ClassVar[dict[str, Parameter]] = {
        "institution_id": INSTITUTION,
        "invoice_id": Parameter(parameters.public_id, where="invoice__sourced_id", about="Of this bill."),
    }
    export_name = "credit-notes"
    seen = staticmethod(selectors.credit_notes_seen)


class FollowedInvoiceViewSet(RowViewSet):
    """A student's bills that are one's own to pay, or the family's."""

    asks = {"list": "fees.follow over student"}
    out = s.InvoiceOut
    columns: ClassVar[Columns] = _INVOICE
    sorts: ClassVar[dict[str, tuple[str, ...]]] = {"newest": ("-id",), "oldest": ("id",)}
    export_name = "bills"

    def rows(self) -> QuerySet[Any]:
        return selectors.invoices_followed(self.kwargs["id"], by=actor(self.request))

    def usual(self) -> Usual:
        by = actor(self.request)
        child = selectors.child_followed(self.kwargs["id"], by=by)
        return Usual((), selectors.asked_bills, {"child": child.pk, "user": by.pk})
