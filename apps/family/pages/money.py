"""A child's bills, as far as they are whoever's who asks: what is due, what is paid, and paper of each."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.family.pages.frame import Visit, family_page, render
from apps.family.selectors import Child
from apps.fees import selectors as fees
from apps.fees import services as fee_services
from apps.fees.services import cards as card_services
from apps.students.models import FamilyItem
from schoolops import money
from schoolops.api.viewsets import pdf_response


@family_page(item=FamilyItem.BILLS)
def bills(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """Bills and receipts, the newest first, and what is still to be paid of each."""
    found = fees.account_of_family(child.student.sourced_id, by=visit.by)
    context = {
        "bills": [
            (each, money.printed(each.total, each.currency), money.printed(each.left_sum, each.currency), due, uuid4())
            for each, due in found.bills
        ],
        "receipts": [(each, money.printed(each.amount, each.currency)) for each in found.payments],
        "pays": visit.by == visit.viewer and fees.takes_cards(),
        "not_paid": "payment_error" in request.GET,
    }
    return render(request, "family/bills.html", context, title=_("Bills"), child=child)


@family_page(item=FamilyItem.BILLS, methods="POST")
def pay(request: HttpRequest, visit: Visit, child: Child, invoice: UUID) -> HttpResponse:
    """Begin to pay a bill by card, once for each page it was begun on; leads to the page of the card gateway.

    By a link: no browser follows a form to another site under the policy of these pages.
    """
    try:
        key = UUID(request.POST.get("key", ""))
    except ValueError:
        raise Http404 from None
    of = child.student.sourced_id
    begun = card_services.begin_card_payment(
        student=of,
        invoice=invoice,
        back_to=reverse("family:bills", args=[of]),
        host=request.build_absolute_uri("/").rstrip("/"),
        key=key,
        by=visit.by,
    )
    context = {"amount": money.printed(begun.amount, begun.currency), "onward": card_services.checkout_path(begun)}
    return render(request, "family/pay.html", context, title=_("Pay by card"), child=child)


@family_page(item=FamilyItem.BILLS)
def bill(request: HttpRequest, visit: Visit, child: Child, invoice: UUID) -> HttpResponse:
    """A bill as it was issued."""
    paper = fee_services.print_followed_invoice(student=child.student.sourced_id, invoice=invoice, by=visit.by)
    return pdf_response(paper.file_name, paper.content)


@family_page(item=FamilyItem.BILLS)
def receipt(request: HttpRequest, visit: Visit, child: Child, payment: UUID) -> HttpResponse:
    """A receipt."""
    paper = fee_services.print_followed_receipt(student=child.student.sourced_id, payment=payment, by=visit.by)
    return pdf_response(paper.file_name, paper.content)


@family_page(item=FamilyItem.BILLS)
def statement(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """One's account with the school, all children together."""
    paper = fee_services.print_followed_statement(student=child.student.sourced_id, by=visit.by)
    return pdf_response(paper.file_name, paper.content)
