"""The payment desk: a name or number, what is due, the money, the receipt. Nothing of it needs a mouse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.accounts.models import User
from apps.fees import selectors as fees
from apps.fees import services
from apps.fees.models import Payment
from apps.institutions.selectors import today_at
from apps.office.fees import selectors
from apps.office.shell.fields import AmountField, about, apart, id_of, posted
from apps.office.shell.forms import DressedForm, add_refusal
from apps.office.shell.pages import actor, asked, office_page, render_page
from apps.office.shell.site import in_full
from apps.students.models import Guardian, Student
from schoolops import money
from schoolops.api.viewsets import pdf_response
from schoolops.errors import SchoolOpsError
from schoolops.resilience.heavy import working

COLLECT = "fees.collect"
METHODS = {
    Payment.Method.CASH: gettext_lazy("Cash"),
    Payment.Method.CARD: gettext_lazy("Card"),
    Payment.Method.CHEQUE: gettext_lazy("Cheque"),
    Payment.Method.BANK: gettext_lazy("Bank"),
}


class MoneyForm(DressedForm):
    """What was put on the desk. ``key``: sent twice, it is one payment."""

    amount = AmountField(label=gettext_lazy("Amount"))
    method = forms.ChoiceField(label=gettext_lazy("How"), choices=list(METHODS.items()))
    reference = forms.CharField(
        label=gettext_lazy("Reference"), max_length=80, required=False,
        help_text=gettext_lazy("A cheque’s number, the slip of the card terminal."),
    )  # fmt: skip
    guardian = forms.ModelChoiceField(
        label=gettext_lazy("From"), queryset=Guardian.objects.none(), required=False,
        empty_label=gettext_lazy("the family"),
        help_text=gettext_lazy("Pays their own bills and the family’s, what is due first before the rest."),
    )  # fmt: skip
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, student: Student, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        field: Any = self.fields["guardian"]
        field.queryset = Guardian.objects.filter(student_links__student=student).order_by("name_key", "pk").distinct()
        # The amount is the first thing that is entered.
        self.fields["amount"].widget.attrs["autofocus"] = True


@office_page(permission=COLLECT, over="campus")
def desk(request: HttpRequest) -> HttpResponse:
    """Whose money it is: found, or at once at their account where only one has the name."""
    by = actor(request)
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = selectors.students_called(words, by=by, permission=COLLECT) if words else []
    if len(found) == 1:
        return HttpResponseRedirect(reverse("office:take-money", args=(found[0].sourced_id,)))
    context = {"q": words, "found": found, "to": "office:take-money"}
    return render_page(request, "office/fees/find.html", context, title=_("Payment desk"))


@office_page(permission=COLLECT, over="campus")
def take(request: HttpRequest, student: UUID) -> HttpResponse:
    """What a student has to pay; the money; and then the receipt, which prints itself."""
    by = actor(request)
    found, campus = fees.account_at(student, COLLECT, campus=id_of(request.GET.get("campus", "")), by=by)
    due, credit = fees.due_of(found, campus), fees.credit_of(found, campus)
    today = today_at(campus)
    owed = sum((each.amount for each in due if each.due_on <= today), Decimal(0))
    whole = sum((each.amount for each in due), Decimal(0))
    asked = money.shown(owed or whole, campus.currency) if whole else None
    form = MoneyForm(found, posted(request), initial={"amount": asked, "key": uuid4()})
    if form.is_valid():
        said = form.cleaned_data
        payment = services.NewPayment(currency=campus.currency, institution=campus, **said)
        try:
            taken = services.take_payment(student=found, payment=payment, by=by)
        except SchoolOpsError as refusal:
            add_refusal(form, refusal, on={"fees:payer-of-another": "guardian"})
        else:
            words = _("The money of %(name)s is taken: receipt %(number)s.")
            messages.success(request, about(found.full_name, words, number=apart(taken.receipt)))
            return HttpResponseRedirect(_after(taken.sourced_id, by, "?print=1"))
    context = {
        "student": found,
        "campus": campus,
        "form": form,
        "due": [(each, money.printed(each.amount, campus.currency), each.due_on < today) for each in due],
        "owed": money.printed(owed, campus.currency),
        "whole": money.printed(whole, campus.currency),
        "credit": money.printed(sum((each.amount for each in credit), Decimal(0)), campus.currency) if credit else "",
    }
    status = 422 if form.errors else 200
    return render_page(request, "office/fees/take.html", context, title=found.full_name, status=status)


def _after(payment: UUID, by: User, query: str = "") -> str:
    """The receipt; the desk again for who takes money and looks at none."""
    if not selectors.receipt_seen(payment, by=by):
        return reverse("office:payment-desk")
    return f"{reverse('office:receipt', args=(payment,))}{query}"


@office_page(permission="fees.view", over="campus")
def receipt(request: HttpRequest, payment: UUID) -> HttpResponse:
    """A payment: what it paid and what went back; its receipt beside it, which prints itself when it is new."""
    by = actor(request)
    found = selectors.payment_seen(payment, by=by)
    parts = fees.payment_parts({"id": found.sourced_id})

    def printed(amount: Any) -> str:
        return money.printed(Decimal(amount), found.currency)

    context = {
        "payment": found,
        "method": METHODS[Payment.Method(found.method)],
        "amount": printed(found.amount),
        "pays": [(each["invoice_id"], each["number"], printed(each["amount"])) for each in parts["pays"]],
        "refunds": [
            (BACK[each["kind"]], each["day"], each["reason"], printed(each["amount"])) for each in parts["refunds"]
        ],
        "going": printed(going) if (going := fees.under_way(fees.intent_of(found))) else "",
        "prints": "print" in request.GET,
        "collects": selectors.may(COLLECT, by),
        "undone": found.undone,
        "clears": found.method == Payment.Method.CHEQUE and not found.undone and not fees.is_cleared(found),
    }
    title = _("Receipt %(number)s") % {"number": apart(found.receipt)}
    return render_page(request, "office/fees/receipt.html", context, title=title)


BACK = {
    "refund": gettext_lazy("Given back"),
    "reversal": gettext_lazy("Taken by mistake"),
    "bounce": gettext_lazy("The cheque bounced"),
    "chargeback": gettext_lazy("Charged back"),
}


@office_page(permission="fees.view", over="campus")
def printed_receipt(request: HttpRequest, payment: UUID) -> HttpResponse:
    """It as a PDF, in the language of whom it is for."""
    with working():
        paper = services.print_receipt(payment=payment, by=actor(request))
    return pdf_response(paper.file_name, paper.content)


class BackForm(DressedForm):
    """What of a payment goes back, and why. ``key``: sent twice, it goes back once."""

    amount = AmountField(label=gettext_lazy("Amount"))
    method = forms.TypedChoiceField(
        label=gettext_lazy("How"), choices=[("", gettext_lazy("as it came")), *METHODS.items()],
        empty_value=None, required=False,
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)
    key = forms.UUIDField(widget=forms.HiddenInput)


class WhyForm(DressedForm):
    """Why a payment never came."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200,
        help_text=gettext_lazy("The bills that it paid are owed again."),
    )  # fmt: skip


@office_page(permission=COLLECT, over="campus")
def give_back(request: HttpRequest, payment: UUID) -> HttpResponse:
    """Give back what of a payment pays no bill."""
    by = actor(request)
    found = selectors.payment_seen(payment, by=by)
    free = fees.free_of([found])[found.pk] - fees.under_way(fees.intent_of(found))
    form = BackForm(posted(request), initial={"amount": max(free, Decimal(0)) or None, "key": uuid4()})

    def do() -> str:
        given = services.refund(payment=payment, **form.cleaned_data, by=by)
        under_way = _("The card gateway is asked to give it back of receipt %(name)s.")
        return about(found.receipt, _("It is booked as given back of receipt %(name)s.") if given else under_way)

    back = reverse("office:receipt", args=(found.sourced_id,))
    title = _("Give back of receipt %(number)s") % {"number": apart(found.receipt)}
    return asked(request, form, do, title=title, action=_("Give back"), back=back)


@require_POST
@office_page(permission=COLLECT, over="campus")
def clear(request: HttpRequest, payment: UUID) -> HttpResponse:
    """Say that the bank has paid a cheque."""
    by = actor(request)
    try:
        found = services.clear_cheque(payment=payment, by=by)
    except SchoolOpsError as refusal:
        messages.error(request, in_full(refusal))
    else:
        words = _("The cheque of receipt %(name)s is cleared: it lies at the bank.")
        messages.success(request, about(found.receipt, words))
    return HttpResponseRedirect(_after(payment, by))


@office_page(permission=COLLECT, over="campus")
def undo(request: HttpRequest, payment: UUID) -> HttpResponse:
    """Say that a payment never came: taken by mistake, or a cheque that bounced."""
    by = actor(request)
    found = selectors.payment_seen(payment, by=by)
    form = WhyForm(posted(request))
    cheque = found.method == Payment.Method.CHEQUE

    def do() -> str:
        (services.bounce if cheque else services.reverse)(payment=payment, **form.cleaned_data, by=by)
        return about(found.receipt, _("The payment of receipt %(name)s counts no more."))

    back = reverse("office:receipt", args=(found.sourced_id,))
    title = _("Undo receipt %(number)s") % {"number": apart(found.receipt)}
    action = _("The cheque bounced") if cheque else _("Undo the payment")
    return asked(request, form, do, title=title, action=action, back=back)
