"""A student's account: what is charged, what was billed, and how it came to that."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.fees import selectors as fees
from apps.office.fees import selectors
from apps.office.shell.pages import actor, office_page, render_page
from schoolops import money


@office_page(permission="fees.view", over="campus")
def find(request: HttpRequest) -> HttpResponse:
    """Students by any part of their name or number."""
    by = actor(request)
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = selectors.students_called(words, by=by) if words else []
    context = {"q": words, "found": found}
    return render_page(request, "office/fees/find.html", context, title=_("Students’ accounts"))


@office_page(permission="fees.view", over="campus")
def account(request: HttpRequest, student: UUID) -> HttpResponse:
    """Bills, additions, opt-outs, concessions and payers of a student."""
    by = actor(request)
    found = fees.student_at(student, "fees.view", by=by)
    bills = selectors.bills_of(found, by=by)
    context = {
        "student": found,
        "charged": selectors.charged_to(found, by=by),
        "bills": [(bill, money.printed(bill.total - bill.credited_sum, bill.currency)) for bill in bills],
        "charges": selectors.may("fees.charge", by),
    }
    return render_page(request, "office/fees/student.html", context, title=found.full_name)
