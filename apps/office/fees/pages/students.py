"""A student's account: what is charged, what was billed, and how it came to that."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.fees import selectors as fees
from apps.fees import services
from apps.office.fees import selectors
from apps.office.shell.fields import id_of
from apps.office.shell.pages import actor, office_page, render_page
from apps.reports.api.views import pdf_response
from schoolops import money
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
def account(request: HttpRequest, student: UUID) -> HttpResponse:
    """Bills, additions, opt-outs, concessions and payers of a student."""
    by = actor(request)
    found = fees.student_at(student, "fees.view", by=by)
    bills = selectors.bills_of(found, by=by)
    told = fees.statement_of([found], found.institution)
    currency = found.institution.currency
    context = {
        "student": found,
        "entries": [
            (entry, KINDS[entry.kind], money.printed(entry.amount, currency), money.printed(entry.balance, currency))
            for entry in reversed(told.entries)
        ],
        "balance": money.printed(abs(told.balance), currency),
        "ahead": told.balance < 0,
        "guardians": selectors.guardians_of(found),
        "collects": selectors.may("fees.collect", by),
        "charged": selectors.charged_to(found, by=by),
        "bills": [(bill, money.printed(bill.left_sum, bill.currency)) for bill in bills],
        "charges": selectors.may("fees.charge", by),
    }
    return render_page(request, "office/fees/student.html", context, title=found.full_name)


KINDS = {
    "bill": gettext_lazy("Bill"),
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
        paper = services.print_statement(student=student, guardian=guardian, by=actor(request))
    return pdf_response(paper.file_name, paper.content)
