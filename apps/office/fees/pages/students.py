"""A student's account: what is charged, what was billed, and how it came to that."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.fees import selectors as fees
from apps.fees import services
from apps.office.fees import selectors
from apps.office.fees.pages.files import file_asked
from apps.office.shell.fields import about, apart, id_of, posted
from apps.office.shell.forms import DressedForm
from apps.office.shell.pages import actor, asked, office_page, render_page
from apps.office.shell.site import in_full
from apps.students.models import Guardian, StudentGuardian
from schoolops import money
from schoolops.api.viewsets import pdf_response
from schoolops.errors import SchoolOpsError
from schoolops.resilience.heavy import working


@office_page(permission="fees.view", over="campus")
def find(request: HttpRequest) -> HttpResponse:
    """Students by any part of their name or number."""
    by = actor(request)
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = selectors.students_called(words, by=by) if words else []
    context = {"q": words, "found": found, "to": "office:fees-of-student"}
    return render_page(request, "office/fees/find.html", context, title=_("Students’ accounts"))


@office_page(permission="fees.view", over="campus")
def account(request: HttpRequest, student: UUID) -> Any:
    """Bills, additions, opt-outs, concessions and payers of a student."""
    by = actor(request)
    found, campus = fees.account_at(student, "fees.view", campus=id_of(request.GET.get("campus", "")), by=by)
    if request.method == "POST":
        try:
            used = services.allocate(student=found, institution=campus, by=by)
        except SchoolOpsError as refusal:
            messages.error(request, in_full(refusal))
        else:
            amount = apart(money.printed(used, campus.currency))
            words = _("%(amount)s that was paid ahead for %(name)s pays bills now.")
            messages.success(request, about(found.full_name, words, amount=amount))
        return HttpResponseRedirect(request.get_full_path())
    ahead = sum((each.amount for each in fees.credit_of(found, campus)), Decimal(0))
    collects = selectors.may("fees.collect", by)
    uses = Decimal(0)
    if ahead and collects:
        uses = min(ahead, sum((each.amount for each in fees.due_of(found, campus)), Decimal(0)))
    told = fees.statement_of([found], campus)
    rows = partial(fees.statement_rows, told)
    if (file := file_asked(request, "statement", fees.STATEMENT_COLUMNS, rows)) is not None:
        return file
    bills = selectors.bills_of(found, by=by)
    currency = campus.currency
    context = {
        "student": found,
        "campus": campus,
        "campuses": fees.campuses_billing(found, "fees.view", by=by),
        "entries": [
            (entry, KINDS[entry.kind], money.printed(entry.amount, currency), money.printed(entry.balance, currency))
            for entry in reversed(told.entries)
        ],
        "balance": money.printed(abs(told.balance), currency),
        "ahead": told.balance < 0,
        "guardians": selectors.guardians_of(found),
        "collects": collects,
        "uses": money.printed(uses, currency) if uses else "",
        "charged": selectors.charged_to(found, by=by),
        "bills": [(bill, money.printed(bill.left_sum, bill.currency)) for bill in bills],
        "charges": selectors.may("fees.charge", by),
        "exports": selectors.may("exports.run", by),
    }
    return render_page(request, "office/fees/student.html", context, title=found.full_name)


@office_page(permission="fees.charge", over="campus")
def payers(request: HttpRequest, student: UUID) -> HttpResponse:
    """Who pays a student's bills from now on, in percent; nobody: whoever receives invoices and is called first."""
    by = actor(request)
    found, _campus = fees.account_at(student, "fees.charge", by=by)
    links = StudentGuardian.objects.filter(student=found).select_related("guardian")
    guardians = list(dict.fromkeys(link.guardian for link in links.order_by("contact_priority", "pk")))
    form = PayersForm(guardians, posted(request), initial=selectors.shares_of(found))
    at: dict[str, str] = {}

    def do() -> str:
        said = [
            services.PaidBy(each.sourced_id, share)
            for each in guardians
            if (share := form.cleaned_data[str(each.sourced_id)])
        ]
        at.update({f"payers.{place}.percent": str(each.guardian_id) for place, each in enumerate(said)})
        services.set_payers(student=found, payers=said, by=by)
        return about(found.full_name, _("Who pays for %(name)s is set, for bills to come."))

    title = _("Who pays for %(name)s") % {"name": apart(found.full_name)}
    back = reverse("office:fees-of-student", args=(student,))
    return asked(request, form, do, title=title, action=_("Save"), back=back, on=at)


class PayersForm(DressedForm):
    """A percentage for each guardian; empty: nothing is theirs."""

    def __init__(self, guardians: Sequence[Guardian], *arguments: Any, **more: Any) -> None:
        super().__init__(
            *arguments, also={str(each.sourced_id): _percent(each.full_name) for each in guardians}, **more
        )


def _percent(name: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=name, max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False, help_text=_PERCENT
    )


_PERCENT = gettext_lazy("Of a hundred. All of them empty: who receives invoices and is called first pays all.")
KINDS = {
    "bill": gettext_lazy("Bill"),
    "late-fee": gettext_lazy("Late fee: bill"),
    "credit-note": gettext_lazy("Credit note"),
    "payment": gettext_lazy("Receipt"),
    "refund": gettext_lazy("Given back of receipt"),
    "reversal": gettext_lazy("Undone: receipt"),
    "bounce": gettext_lazy("Bounced: receipt"),
    "chargeback": gettext_lazy("Charged back: receipt"),
}


@office_page(permission="fees.view", over="campus")
def printed_statement(request: HttpRequest, student: UUID) -> HttpResponse:
    """A student's account as a PDF; of a guardian who is asked for, that of their children, as far as it is theirs."""
    guardian = id_of(request.GET.get("guardian", ""))
    with working():
        campus = id_of(request.GET.get("campus", ""))
        paper = services.print_statement(student=student, guardian=guardian, campus=campus, by=actor(request))
    return pdf_response(paper.file_name, paper.content)
