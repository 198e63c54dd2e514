"""A child's bills, as far as they are whoever's who asks: what is due, what is paid, and paper of each."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.family.pages.frame import Visit, family_page, render
from apps.family.selectors import Child
from apps.fees import selectors as fees
from apps.fees import services as fee_services
from apps.reports.api.views import pdf_response
from apps.students.models import FamilyItem
from schoolops import money


@family_page(item=FamilyItem.BILLS)
def bills(request: HttpRequest, visit: Visit, child: Child) -> HttpResponse:
    """Bills and receipts, the newest first, and what is still to be paid of each."""
    of = child.student.sourced_id
    invoices = list(fees.invoices_followed(of, by=visit.by).prefetch_related("instalments").order_by("-pk"))
    payments = list(fees.payments_followed(of, by=visit.by).order_by("-pk"))
    context = {
        "bills": [
            (each, money.printed(each.total, each.currency), money.printed(each.left_sum, each.currency))
            for each in invoices
        ],
        "receipts": [(each, money.printed(each.amount, each.currency)) for each in payments],
    }
    return render(request, "family/bills.html", context, title=_("Bills"), child=child)


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
