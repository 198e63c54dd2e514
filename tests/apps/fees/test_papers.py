"""Bills on paper, read back."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from pypdf import PdfReader

from apps.accounts.models import User
from apps.fees import services
from apps.institutions.models import Institution
from apps.students.models import Guardian, StudentGuardian
from tests.api.ground import picture
from tests.factories import money, people
from tests.factories.people import Campus


def _read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def _text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in _read(content).pages)


@pytest.fixture
def billed(campus: Campus, anton: User) -> list[object]:
    student = people.students_in(campus.section)[0]
    father = Guardian.objects.create(given_name="Salim", family_name="Haddad", language="ar")
    StudentGuardian.objects.create(student=student, guardian=father, contact_priority=1, receives_invoices=True)
    money.a_chart(campus.institution)
    money.an_item(campus, by=anton, name="Tuition (GCSE)")
    money.a_concession(campus, student, asked_by=anton, approved_by=people.a_user("hana", role="head"))
    bills = money.billed(campus, by=anton)
    return [next(bill for bill in bills if bill.student_id == student.pk), bills[-1]]


def test_a_bill_says_what_is_charged_and_when_it_is_due(billed: list, campus: Campus, anton: User) -> None:
    Institution.objects.update(address="1 Oak Lane\nLondon")
    paper = services.print_invoice(invoice=billed[1].sourced_id, by=anton)
    assert paper.file_name == f"bill-{billed[1].called_number}.pdf"
    text = _text(paper.content)
    for said in (
        campus.institution.name, "1 Oak Lane", f"Bill {billed[1].called_number}", billed[1].student.full_name,
        "Tuition (GCSE)", "1,200.00 GBP", "4 Dec 2026", "Page 1 of 1",
    ):  # fmt: skip
        assert said in text, said


def test_it_is_in_the_language_of_whom_it_is_for_and_numbers_keep_their_order(billed: list, anton: User) -> None:
    paper = services.print_invoice(invoice=billed[0].sourced_id, by=anton)
    text = _text(paper.content)
    assert _read(paper.content).trailer["/Root"]["/Lang"] == "ar"
    # A number that a line from the right turned would read 000001-2026, an amount GBP 1,080.00.
    for said in (billed[0].called_number, "1,080.00 GBP", "-120.00 GBP", "Tuition (GCSE)", "Salim Haddad"):
        assert said in text, said
    assert "Bill" not in text


def test_the_same_bill_is_the_same_bytes(billed: list, campus: Campus, anton: User) -> None:
    campus.institution.logo.save("logo.png", ContentFile(picture()))
    one, two = (services.print_invoice(invoice=billed[0].sourced_id, by=anton).content for _ in range(2))
    assert one == two
    assert len(_read(one).pages[0].images) == 1
    services.credit_invoice(invoice=billed[0].sourced_id, amount=Decimal(1), reason="Was ill", by=anton)
    assert "Was ill" in _text(services.print_invoice(invoice=billed[0].sourced_id, by=anton).content)


def test_a_void_bill_says_so(billed: list, anton: User) -> None:
    services.void_invoice(invoice=billed[1].sourced_id, reason="Charged twice", by=anton)
    assert "Void: Charged twice" in _text(services.print_invoice(invoice=billed[1].sourced_id, by=anton).content)


# --- receipts and statements ------------------------------------------------------------------------------------------
@pytest.fixture
def father() -> Guardian:
    return Guardian.objects.get(given_name="Salim")


def test_a_receipt_says_in_their_language_what_was_paid(billed: list, anton: User, father: Guardian) -> None:
    taken = money.a_payment(billed[0].student, "1100", by=anton, guardian=father, method="cheque", reference="No 17")
    one, two = (services.print_receipt(payment=taken.sourced_id, by=anton) for _ in range(2))
    assert one == two
    assert one.file_name == f"receipt-{taken.receipt}.pdf"
    text = _text(one.content)
    # What is paid of the bill, and what is left is paid ahead.
    for said in (taken.receipt, billed[0].called_number, "1,080.00 GBP", "20.00 GBP", "1,100.00 GBP", "No 17"):
        assert said in text, said
    assert "Receipt" not in text
    services.bounce(payment=taken.sourced_id, reason="No funds", by=anton)
    assert "No funds" in _text(services.print_receipt(payment=taken.sourced_id, by=anton).content)


def test_a_statement_tells_everything_in_order_with_its_balance(billed: list, anton: User, father: Guardian) -> None:
    money.a_payment(billed[0].student, "80", by=anton, guardian=father)
    paper = services.print_statement(student=billed[0].student.sourced_id, by=anton)
    text = _text(paper.content)
    assert text.index("1,080.00 GBP") < text.index("-80.00 GBP") < text.index("1,000.00 GBP")
    assert "Statement of account" in text
    theirs = services.print_statement(
        student=billed[0].student.sourced_id, guardian=father.sourced_id, by=anton
    )  # fmt: skip
    assert "1,000.00 GBP" in _text(theirs.content)
    assert "Statement of account" not in _text(theirs.content)
