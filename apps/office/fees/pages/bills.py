"""A bill: what stands on it, credited in part or made void."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.fees import selectors as fees
from apps.fees import services
from apps.fees.models import Invoice
from apps.office.fees import selectors
from apps.office.shell.fields import AmountField, about, apart, posted
from apps.office.shell.forms import DressedForm
from apps.office.shell.pages import actor, asked, office_page, render_page
from schoolops import money
from schoolops.api.viewsets import pdf_response
from schoolops.resilience.heavy import working

LONGEST_REASON = 200


@office_page(permission="fees.view", over="campus")
def bill(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Its lines, when its parts are due, what was credited, and what can be done with it."""
    by = actor(request)
    found = selectors.bill_of(selectors.invoice_seen(invoice, by=by))
    of, currency = found.invoice, found.invoice.currency

    def printed(amount: Any) -> str:
        return money.printed(amount, currency)

    context = {
        "invoice": of,
        "lines": [
            (line.text, line.concession, printed(-line.amount if line.concession else line.amount))
            for line in found.lines
        ],
        "instalments": [(part.due_on, printed(part.amount)) for part in found.instalments],
        "notes": [(note, printed(note.amount)) for note in found.notes],
        "late_fees": [
            (fee.instalment.due_on, fee.invoice, printed(fee.invoice.total)) for fee in fees.late_fees_of(of)
        ],
        "total": printed(of.total),
        "paid": [(payment, printed(amount)) for payment, amount in selectors.paid_on(of)],
        "left": printed(of.left_sum),
        "void": of.state == Invoice.State.VOID,
        "charges": selectors.may("fees.charge", by) and of.state == Invoice.State.ISSUED,
        "creditable": of.credited_sum < of.total,
        "collects": selectors.may("fees.collect", by),
        "settled": bool(found.notes or of.paid_sum),
    }  # fmt: skip
    title = _("Bill %(number)s") % {"number": apart(of.called_number)}
    return render_page(request, "office/fees/bill.html", context, title=title)


@office_page(permission="fees.view", over="campus")
def printed_bill(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """It as a PDF, in the language of whom it is for."""
    with working():
        paper = services.print_invoice(invoice=invoice, by=actor(request))
    return pdf_response(paper.file_name, paper.content)


class CreditForm(DressedForm):
    """How much less is asked for, and why. ``key``: sent twice, it is one note."""

    amount = AmountField(label=gettext_lazy("Amount"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=LONGEST_REASON, help_text=gettext_lazy("It stands on the credit note.")
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


class VoidForm(DressedForm):
    """Why a bill is void."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=LONGEST_REASON,
        help_text=gettext_lazy("It stands on the bill. What it charged can be billed again."),
    )  # fmt: skip


@office_page(permission="fees.charge", over="campus")
def credit(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Ask for less of a bill, with a credit note."""
    by = actor(request)
    found = selectors.invoice_seen(invoice, by=by)
    form = CreditForm(posted(request), initial={"amount": found.total - found.credited_sum, "key": uuid4()})
    back = reverse("office:bill", args=(found.sourced_id,))
    title = _("Credit bill %(number)s") % {"number": apart(found.called_number)}

    def do() -> str:
        note = services.credit_invoice(invoice=invoice, **form.cleaned_data, by=by)
        words = _("Credit note %(number)s of bill %(name)s is written.")
        return about(found.called_number, words, number=apart(note))

    return asked(request, form, do, title=title, action=_("Write the credit note"), back=back)


@office_page(permission="fees.charge", over="campus")
def void(request: HttpRequest, invoice: UUID) -> HttpResponse:
    """Make a bill void on which nothing was paid or credited."""
    by = actor(request)
    found = selectors.invoice_seen(invoice, by=by)
    form = VoidForm(posted(request))
    back = reverse("office:bill", args=(found.sourced_id,))
    title = _("Make bill %(number)s void") % {"number": apart(found.called_number)}

    def do() -> str:
        services.void_invoice(invoice=invoice, **form.cleaned_data, by=by)
        return about(found.called_number, _("Bill %(name)s is void."))

    return asked(request, form, do, title=title, action=_("Make it void"), back=back)
