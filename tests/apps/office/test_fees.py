"""Fees in the office: the price list, who has what of it, a term billed, and bills."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from apps.access.models import Role, RoleAssignment, RolePermission
from apps.accounts.models import User
from apps.fees import selectors, services
from apps.fees.errors import PayerOfAnother
from apps.fees.models import (
    Account,
    Concession,
    FeeItem,
    Invoice,
    InvoiceRun,
    LedgerEntry,
    Payment,
    Refund,
    RunOutcome,
    StudentFee,
)
from apps.institutions.models import AcademicYear
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock
from tests.apps.office.forms import forms_on
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.support.kept import kept

Office = Callable[..., Any]
Counting = Callable[..., Any]


@pytest.fixture
@kept
def anton(campus: Campus) -> User:
    """The accountant, with the books of the campus."""
    money.a_chart(campus.institution)
    return people.a_user("anton", role="accountant")


@pytest.fixture
def class_of(campus: Campus) -> list[Student]:
    return people.students_in(campus.section)


def _page(answer: Any) -> str:
    return str(answer.content.decode())


# --- the price list ---------------------------------------------------------------------------------------------------
def test_an_accountant_sets_a_price_and_changes_it(office: Office, anton: User, campus: Campus) -> None:
    browser = office(anton)
    said = {"year": campus.year.pk, "grade_level": campus.levels[7].pk, "name": "Tuition", "amount": "1200,50"}
    assert browser.post("/office/fees/feeitem/add/", said).status_code == 302
    item = FeeItem.objects.get()
    assert (item.amount, item.account.purpose) == (Decimal("1200.500"), Account.Purpose.FEES)
    address = f"/office/fees/feeitem/{item.pk}/change/"
    assert 'value="1200.5"' in _page(browser.get(address))
    assert browser.post(address, {**said, "amount": "1300", "account": item.account.pk}).status_code == 302
    item.refresh_from_db()
    assert item.amount == 1300
    # Isolated: in Arabic it would read GBP 1,300.00.
    assert "\u20681,300.00 GBP\u2069" in _page(browser.get("/office/fees/feeitem/"))
    assert browser.post(f"/office/fees/feeitem/{item.pk}/act/retire/").status_code == 302
    assert FeeItem.objects.get().retired


@pytest.mark.parametrize("typed", ["1,200", "NaN", "-5", "0", "1200.0001", "9" * 20, "twelve", "1.234"])
def test_an_amount_that_could_be_read_in_two_ways_or_is_none_is_refused(
    office: Office, anton: User, campus: Campus, typed: str
) -> None:
    said = {"year": campus.year.pk, "name": "Tuition", "amount": typed}
    answer = office(anton).post("/office/fees/feeitem/add/", said)
    assert answer.status_code == 200
    assert "errorlist" in _page(answer)
    assert not FeeItem.objects.exists()


def test_the_fees_of_a_year_begin_with_those_of_the_year_before(office: Office, anton: User, campus: Campus) -> None:
    money.an_item(campus, by=anton)
    money.an_item(campus, "90", name="Books", by=anton, term=campus.terms[0])
    money.an_item(campus, "10", name="Old", by=anton)
    services.change_item(item=FeeItem.objects.get(name="Old").sourced_id, values={"retired": True}, by=anton)
    after = AcademicYear.objects.create(
        institution=campus.institution, name="2027/28", starts_on=dt.date(2027, 9, 1), ends_on=dt.date(2028, 7, 1)
    )
    browser = office(anton)
    said = {"previous": campus.year.pk, "year": after.pk}
    assert browser.post("/office/fees/items/copy/", said).status_code == 302
    # The new year has no term of the name yet, and what is out of use is not begun again.
    assert list(FeeItem.objects.filter(year=after).values_list("name", "amount")) == [("Tuition", 1200)]
    again = browser.post("/office/fees/items/copy/", said)
    assert again.status_code == 422
    assert "There is nothing in the other year’s fees" in _page(again).replace("&#x27;", "’")


# --- what a student has -----------------------------------------------------------------------------------------------
def test_an_item_is_added_to_a_student_and_taken_back(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    bus = money.an_item(campus, "300", name="Bus", optional=True, by=anton)
    browser = office(anton)
    said = {"student": class_of[0].pk, "item": bus.pk, "kind": "added", "starts_on": SCHOOL_DAY.isoformat()}
    assert browser.post("/office/fees/studentfee/add/", said).status_code == 302
    row = StudentFee.objects.get()
    account = _page(browser.get(f"/office/fees/students/{class_of[0].sourced_id}/"))
    assert "Bus" in account
    assert browser.post(f"/office/fees/studentfee/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not StudentFee.objects.exists()


def test_a_concession_is_asked_for_by_one_and_approved_by_another(
    office: Office, anton: User, alice: User, campus: Campus, class_of: list[Student]
) -> None:
    browser = office(anton)
    said = {
        "student": class_of[0].pk, "year": campus.year.pk, "ground": "sibling", "percent": "10", "reason": "Third",
    }  # fmt: skip
    assert browser.post("/office/fees/concession/add/", said).status_code == 302
    row = Concession.objects.get()
    approve = f"/office/fees/concession/{row.pk}/act/approve/"
    # Who keeps the books does not hold it; who holds it and asked does not either.
    assert browser.post(approve).status_code == 403
    start = _page(office(alice).get("/office/"))
    assert "1 concession to approve" in start
    assert office(alice).post(approve).status_code == 302
    row.refresh_from_db()
    assert row.approved_by == alice
    assert "10 %" in _page(browser.get("/office/fees/concession/?stands=approved"))
    assert browser.post(f"/office/fees/concession/{row.pk}/act/end/").status_code == 302


# --- a run ------------------------------------------------------------------------------------------------------------
def _begun(browser: Any, campus: Campus) -> str:
    said = {"term": campus.terms[0].pk, "due_on": money.DUE.isoformat(), "parts": "2"}
    answer = browser.post("/office/fees/runs/", said)
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_term_is_looked_at_confirmed_and_billed(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    money.an_item(campus, by=anton)
    browser = office(anton)
    address = _begun(browser, campus)
    page = _page(browser.get(address))
    assert "18,000.00 GBP" in page
    assert page.count('aria-labelledby="sample-') == 3
    (form,) = [each for each in forms_on(page) if "total" in each.kinds]
    assert form.said["total"] == ["18000.00"]
    assert browser.post(address, {"total": "18000.01"}).status_code == 409
    assert browser.post(address, {"total": "all of it"}).status_code == 409
    assert InvoiceRun.objects.get().state == "draft"
    assert browser.post(address, {"total": "18000.00"}).status_code == 302
    assert "0 of 15 students" in _page(browser.get(address))
    run = InvoiceRun.objects.get()
    assert run.due_on == [money.DUE, dt.date(2027, 1, 4)]
    services.bill(run.pk)
    page = _page(browser.get(f"{address}?outcome=billed"))
    assert "Billed: 15" in page
    assert all(student.full_name in page for student in class_of)
    # Again there is nobody left, and each of them stands there with why.
    page = _page(browser.get(_begun(browser, campus)))
    assert "Everything is billed already: 15" in page
    assert class_of[0].full_name in page


def test_who_sees_fees_and_charges_none_looks_and_does_nothing(
    office: Office, anton: User, alice: User, campus: Campus
) -> None:
    money.an_item(campus, by=anton)
    address = _begun(office(anton), campus)
    page = _page(office(alice).get(address))
    assert "18,000.00 GBP" in page
    assert not [form for form in forms_on(page) if "total" in form.kinds]
    assert office(alice).post(address, {"total": "18000.00"}).status_code == 403
    assert "due_on" not in _page(office(alice).get("/office/fees/runs/"))


@pytest.mark.parametrize("path", ["/office/fees/", "/office/fees/runs/", "/office/fees/invoice/"])
def test_a_teacher_sees_nothing_of_fees(office: Office, bob: User, path: str) -> None:
    assert office(bob).get(path).status_code == 403
    assert "/office/fees/" not in _page(office(bob).get("/office/"))


# --- bills ------------------------------------------------------------------------------------------------------------
def test_a_bill_is_credited_in_part_and_another_made_void(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    money.an_item(campus, by=anton)
    one, other = money.billed(campus, by=anton)[:2]
    browser = office(anton)
    address = f"/office/fees/bills/{one.sourced_id}/"
    assert "1,200.00 GBP" in _page(browser.get(address))
    above = browser.post(f"{address}credit/", {"amount": "1200.01", "reason": "All of it", "key": str(uuid4())})
    assert above.status_code == 422
    assert "at most 1200.00 can be credited" in _page(above)
    said = _sent(_page(browser.get(f"{address}credit/")), amount="200", reason="Was ill")
    assert [browser.post(f"{address}credit/", said).status_code for _twice in range(2)] == [302, 302]
    page = _page(browser.get(address))
    assert "Was ill" in page
    assert "1,000.00 GBP" in page
    assert browser.post(f"{address}void/", {"reason": "Twice"}).status_code == 422
    assert browser.post(f"/office/fees/bills/{other.sourced_id}/void/", {"reason": "Twice"}).status_code == 302
    assert Invoice.objects.get(pk=other.pk).state == "void"
    assert "This bill is void: Twice" in _page(browser.get(f"/office/fees/bills/{other.sourced_id}/"))
    listed = _page(browser.get("/office/fees/invoice/?state__exact=void"))
    assert other.called_number in listed
    assert one.called_number not in listed


def test_a_bill_is_found_by_its_number_and_by_whose_it_is(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    money.an_item(campus, by=anton)
    first, second = money.billed(campus, by=anton)[:2]
    for words in (first.called_number, first.student.full_name):
        page = _page(office(anton).get("/office/fees/invoice/", {"q": words}))
        assert first.called_number in page
        assert second.called_number not in page


def test_an_account_is_found_by_name(office: Office, anton: User, campus: Campus, class_of: list[Student]) -> None:
    page = _page(office(anton).get("/office/fees/", {"q": class_of[0].full_name}))
    assert f"/office/fees/students/{class_of[0].sourced_id}/" in page


def _statements(browser: Any, address: str, query_count: Counting) -> int:
    browser.get(address)
    with query_count() as counted:
        assert browser.get(address).status_code == 200
    return int(counted.count)


def _pay_a_pound_each(by: User) -> None:
    for student in Student.objects.filter(invoices__isnull=False).distinct():
        money.a_payment(student, "1", by=by)


def test_pages_of_fees_ask_as_often_for_fifty_students_as_for_five(
    office: Office, anton: User, campus: Campus, query_count: Counting
) -> None:
    money.an_item(campus, by=anton)
    browser = office(anton)
    draft = _begun(browser, campus)

    def counted() -> list[int]:
        run = InvoiceRun.objects.filter(state="done").latest("pk")
        bill = Invoice.objects.latest("pk")
        pages = [
            draft,
            f"/office/fees/runs/{run.sourced_id}/",
            "/office/fees/runs/",
            f"/office/fees/bills/{bill.sourced_id}/",
            f"/office/fees/students/{bill.student.sourced_id}/",
            "/office/fees/?q=a",
            f"/office/fees/take/{bill.student.sourced_id}/",
            f"/office/fees/receipts/{Payment.objects.latest('pk').sourced_id}/",
            "/office/fees/debtors/",
            "/office/fees/cash-book/",
            "/office/fees/invoice/?paid=open",
        ]
        return [_statements(browser, page, query_count) for page in pages]

    money.billed(campus, by=anton)
    people.some_students(5, section=campus.section)
    _pay_a_pound_each(anton)
    few = counted()
    people.some_students(45, section=campus.section)
    money.billed(campus, by=anton)
    people.some_students(45, section=campus.section)
    _pay_a_pound_each(anton)
    assert RunOutcome.objects.filter(outcome="billed").count() >= 60
    assert counted() == few
    assert max(few) <= 24


# --- the payment desk -------------------------------------------------------------------------------------------------
def _sent(page: str, **said: str) -> dict[str, str]:
    """The form that takes money, as it stands but for what is said."""
    (form,) = [each for each in forms_on(page) if "key" in each.kinds]
    plain = {name: values[0] for name, values in form.said.items() if values and values[0] != "on"}
    return plain | said


def test_money_is_taken_at_the_desk_and_its_receipt_printed(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    money.an_item(campus, by=anton)
    bill = next(each for each in money.billed(campus, by=anton) if each.student_id == class_of[0].pk)
    browser = office(anton)
    found = browser.get("/office/fees/desk/", {"q": class_of[0].admission_number})
    take = f"/office/fees/take/{class_of[0].sourced_id}/"
    assert found["Location"] == take
    page = _page(browser.get(take))
    said = _sent(page, amount="500", method="cash")
    # Nothing is due today, so all that is left stands in the field.
    assert _sent(page)["amount"] == "1200.00"
    done = browser.post(take, said)
    assert done.status_code == 302
    payment = Payment.objects.get()
    assert done["Location"] == f"/office/fees/receipts/{payment.sourced_id}/?print=1"
    receipt = _page(browser.get(done["Location"]))
    assert bill.called_number in receipt
    assert f'src="/office/fees/receipts/{payment.sourced_id}.pdf"' in receipt
    assert "receipt.js" in receipt
    paper = browser.get(f"/office/fees/receipts/{payment.sourced_id}.pdf")
    assert paper["Content-Type"] == "application/pdf"
    # The same form again, from a second click or the way back: the same payment.
    assert browser.post(take, said)["Location"] == done["Location"]
    assert Payment.objects.count() == 1
    assert "700.00 GBP" in _page(browser.get(f"/office/fees/bills/{bill.sourced_id}/"))


@pytest.mark.parametrize(
    ("field", "typed"), [("amount", "0"), ("amount", "1,200"), ("amount", "1.001"), ("method", "gold"), ("key", "x")]
)
def test_what_is_wrong_at_the_desk_takes_nothing_and_loses_nothing(
    office: Office, anton: User, campus: Campus, class_of: list[Student], field: str, typed: str
) -> None:
    browser, take = office(anton), f"/office/fees/take/{class_of[0].sourced_id}/"
    said = _sent(_page(browser.get(take)), amount="5", method="cheque", reference="No 12") | {field: typed}
    answer = browser.post(take, said)
    assert answer.status_code == 422
    assert 'value="No 12"' in _page(answer)
    assert not Payment.objects.exists()


def test_a_payment_is_undone_and_what_pays_no_bill_is_given_back(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    browser, take = office(anton), f"/office/fees/take/{class_of[0].sourced_id}/"
    browser.post(take, _sent(_page(browser.get(take)), amount="1250", method="cash"))
    address = f"/office/fees/receipts/{Payment.objects.get().sourced_id}/"
    said = _sent(_page(browser.get(f"{address}refund/")), amount="20", reason="Too much")
    assert browser.post(f"{address}refund/", said | {"amount": "50.01"}).status_code == 422
    assert [browser.post(f"{address}refund/", said).status_code for _twice in range(2)] == [302, 302]
    assert Refund.objects.get().amount == 20
    assert "Too much" in _page(browser.get(address))
    assert browser.post(f"{address}undo/", {"reason": "Another child's"}).status_code == 422
    browser.post(take, _sent(_page(browser.get(take)), amount="10", method="cheque"))
    cheque = Payment.objects.latest("pk")
    undo = f"/office/fees/receipts/{cheque.sourced_id}/undo/"
    assert "The cheque bounced" in _page(browser.get(undo))
    assert browser.post(undo, {"reason": "No funds"}).status_code == 302
    assert cheque.refunds.get().kind == "bounce"


def test_who_takes_money_and_looks_at_none_goes_on_at_the_desk(
    office: Office, anton: User, class_of: list[Student]
) -> None:
    role = Role.objects.create(code="cashier", name="Cashier")
    RolePermission.objects.create(role=role, permission="fees.collect")
    RoleAssignment.objects.create(user=people.a_user("kim"), role=role)
    browser, take = office(User.objects.get(username="kim")), f"/office/fees/take/{class_of[0].sourced_id}/"

    def told(answer: Any) -> str:
        assert (answer.status_code, answer["Location"]) == (302, "/office/fees/desk/")
        page = browser.get(answer["Location"])
        assert page.status_code == 200
        return _page(page)

    page = told(browser.post(take, _sent(_page(browser.get(take)), amount="10", method="cheque")))
    cheque = Payment.objects.get()
    assert f"receipt \u2068{cheque.receipt}\u2069" in page
    clear = f"/office/fees/receipts/{cheque.sourced_id}/clear/"
    assert f"The cheque of receipt \u2068{cheque.receipt}\u2069 is cleared" in told(browser.post(clear))
    assert selectors.is_cleared(cheque)
    # A second click is refused there, too.
    assert "is cleared" not in told(browser.post(clear))


def test_who_takes_no_money_finds_no_desk(
    office: Office, anton: User, alice: User, campus: Campus, class_of: list[Student]
) -> None:
    browser, take = office(alice), f"/office/fees/take/{class_of[0].sourced_id}/"
    assert browser.get("/office/fees/desk/").status_code == 403
    assert browser.post(take, {"amount": "5", "method": "cash"}).status_code == 403
    account = _page(browser.get(f"/office/fees/students/{class_of[0].sourced_id}/"))
    assert take not in account


# --- who owes what ----------------------------------------------------------------------------------------------------
def test_debtors_stand_by_how_long_they_are_behind(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    money.an_item(campus, by=anton)
    due = tuple(money.DUE + dt.timedelta(days=days) for days in (0, 40))
    money.billed(campus, by=anton, due_on=due)
    browser, one = office(anton), class_of[0]
    take = f"/office/fees/take/{one.sourced_id}/"
    browser.post(take, _sent(_page(browser.get(take)), amount="100", method="cash"))
    assert "Nobody is behind" in _page(browser.get("/office/fees/debtors/"))
    with clock.frozen(people.SCHOOL_MOMENT + dt.timedelta(days=30 + 45)):
        browser = office(anton)
        page = _page(browser.get("/office/fees/debtors/"))
        table = browser.get("/office/fees/debtors/?as=csv")
        listed = _page(browser.get("/office/fees/invoice/?paid=overdue"))
    rows = list(csv.DictReader(io.StringIO(b"".join(table.streaming_content).decode("utf-8-sig"))))
    assert len(rows) == 15
    # What is paid pays what was due first.
    (mine,) = [row for row in rows if row["admission_number"] == one.admission_number]
    assert [mine[each] for each in ("not_due", "days_1_30", "days_31_60", "overdue")] == [
        "0.00", "600.00", "500.00", "1100.00",
    ]  # fmt: skip
    assert rows[-1] == mine
    assert "17,900.00 GBP" in page
    assert listed.count("/office/fees/bills/") == 15


def test_who_is_billed_by_another_campus_pays_there(office: Office, anton: User, campus: Campus) -> None:
    annex = people.a_school_year(name="Annex", sections=("7 B",))
    money.a_chart(annex.institution)
    (child,) = people.some_students(1, section=annex.section)
    # Their record is of the main campus, their enrolment at the annex.
    Student.objects.filter(pk=child.pk).update(institution=campus.institution)
    money.an_item(annex, by=anton)
    (bill,) = money.billed(annex, by=anton, due_on=(SCHOOL_DAY,))
    cashier = people.a_user("clara", role="accountant", institution=annex.institution)
    with clock.frozen(people.SCHOOL_MOMENT + dt.timedelta(days=1)):
        browser = office(cashier)
        take = f"/office/fees/take/{child.sourced_id}/?campus={annex.institution.sourced_id}"
        for address in ("/office/fees/debtors/", f"/office/fees/bills/{bill.sourced_id}/"):
            assert take in _page(browser.get(address))
        assert browser.post(take, _sent(_page(browser.get(take)), amount="1200", method="cash")).status_code == 302
        elsewhere = f"/office/fees/take/{child.sourced_id}/?campus={campus.institution.sourced_id}"
        assert browser.get(elsewhere).status_code == browser.get(f"{take}x").status_code == 404
    assert Payment.objects.get().institution == annex.institution
    assert selectors.left_of([bill]) == {bill.pk: 0}


def test_the_cash_book_says_what_came_in_and_went_out(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    browser, take = office(anton), f"/office/fees/take/{class_of[0].sourced_id}/"
    for amount, method in (("20", "cash"), ("30", "card"), ("5", "cash")):
        browser.post(take, _sent(_page(browser.get(take)), amount=amount, method=method))
    last = Payment.objects.latest("pk")
    browser.post(f"/office/fees/receipts/{last.sourced_id}/undo/", {"reason": "Miscounted"})
    page = _page(browser.get("/office/fees/cash-book/"))
    for said in ("20.00 GBP", "30.00 GBP", "-5.00 GBP", "50.00 GBP", "Miscounted", last.receipt):
        assert said in page
    assert "Nothing came in" in _page(browser.get("/office/fees/cash-book/?day=2026-11-03"))
    assert browser.get("/office/fees/cash-book/?day=never").status_code == 404
    assert browser.get("/office/fees/debtors/?campus=none").status_code == 404
    assert browser.get("/office/fees/cash-book/?as=exe").status_code == 404


def test_a_statement_tells_a_guardian_nothing_of_the_other_parent(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    child, sibling = class_of[:2]
    mother, father = (
        Guardian.objects.create(given_name=name, family_name="Field", language="en") for name in ("Mona", "Frank")
    )
    for student, guardian, priority in ((child, mother, 1), (child, father, 2), (sibling, mother, 1)):
        StudentGuardian.objects.create(
            student=student, guardian=guardian, contact_priority=priority, receives_invoices=True
        )
    half = [services.PaidBy(each.sourced_id, Decimal(50)) for each in (mother, father)]
    services.set_payers(student=child, payers=half, by=anton)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    address = f"/office/fees/students/{child.sourced_id}/statement.pdf"

    def text(query: str) -> str:
        answer = office(anton).get(f"{address}{query}")
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)

    whole, mothers, fathers = (text(query) for query in ("", *(f"?guardian={g.sourced_id}" for g in (mother, father))))
    assert "1,200.00 GBP" in whole
    # Half of one child's and all of the other's; half of one child's alone.
    assert "1,800.00 GBP" in mothers
    assert sibling.full_name in mothers
    assert "600.00 GBP" in fathers
    assert sibling.full_name not in fathers
    stranger = Guardian.objects.create(given_name="Gita")
    assert office(anton).get(f"{address}?guardian={stranger.sourced_id}").status_code == 422


def test_a_statement_of_a_guardian_comes_to_what_is_left_of_their_bills_whoever_paid_whose(
    anton: User, campus: Campus, class_of: list[Student]
) -> None:
    child = class_of[0]
    mother, father = (Guardian.objects.create(given_name=name, family_name="Field") for name in ("Mona", "Frank"))
    for priority, guardian in enumerate((mother, father), start=1):
        StudentGuardian.objects.create(student=child, guardian=guardian, contact_priority=priority)
    half = [services.PaidBy(each.sourced_id, Decimal(50)) for each in (mother, father)]
    services.set_payers(student=child, payers=half, by=anton)
    money.an_item(campus, by=anton)
    bills = {bill.guardian_id: bill for bill in money.billed(campus, by=anton) if bill.student_id == child.pk}
    hers, his = (services.Pays(bills[each.pk].sourced_id, Decimal(100)) for each in (mother, father))

    def told(guardian: Guardian) -> tuple[Decimal, list[Decimal]]:
        statement = selectors.statement_of([child], campus.institution, guardian=guardian)
        return statement.balance, [entry.amount for entry in statement.entries]

    # Nobody is named, and it pays hers: it is on hers, and no word of it on his.
    money.a_payment(child, "100", pays=[hers], by=anton)
    assert (told(mother), told(father)) == ((500, [600, -100]), (600, [600]))
    # Of both, and something is left for either.
    both = money.a_payment(child, "250", pays=[hers, his], by=anton)
    assert (told(mother), told(father)) == ((350, [600, -100, -150]), (450, [600, -150]))
    services.reverse(payment=both.sourced_id, reason="Mistake", by=anton)
    assert (told(mother), told(father)) == ((500, [600, -100]), (600, [600]))
    # His money pays hers, and he is not asked for it again, nor has he it any more.
    money.a_payment(child, "130", guardian=father, pays=[hers], by=anton)
    assert (told(mother), told(father)) == ((400, [600, -100, -100]), (570, [600, -30]))


def test_who_is_kept_away_from_a_child_is_told_their_own_bills_and_no_other(
    anton: User, campus: Campus, class_of: list[Student]
) -> None:
    billed_to, away = class_of[:2]
    father = Guardian.objects.create(given_name="Frank", family_name="Field")
    for student in (billed_to, away):
        StudentGuardian.objects.create(
            student=student, guardian=father, contact_priority=1, restriction_note="No contact"
        )
    services.set_payers(student=billed_to, payers=[services.PaidBy(father.sourced_id, Decimal(100))], by=anton)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    money.a_payment(away, "55", by=anton)
    money.a_payment(billed_to, "7", pays=[], by=anton)
    paper = services.print_statement(student=billed_to.sourced_id, guardian=father.sourced_id, by=anton)
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(paper.content)).pages)
    assert billed_to.full_name in text
    assert "1,193.00 GBP" in text
    assert away.full_name not in text
    assert "55.00" not in text
    with pytest.raises(PayerOfAnother):
        services.print_statement(student=away.sourced_id, guardian=father.sourced_id, by=anton)


def test_a_statement_comes_to_what_the_books_say(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    money.an_item(campus, by=anton)
    bills = {bill.student_id: bill for bill in money.billed(campus, by=anton)}
    browser, child = office(anton), class_of[0]
    take = f"/office/fees/take/{child.sourced_id}/"
    for amount in ("700", "600"):
        browser.post(take, _sent(_page(browser.get(take)), amount=amount, method="cash"))
    services.credit_invoice(invoice=bills[child.pk].sourced_id, amount=Decimal(30), reason="Ill", by=anton)
    first = Payment.objects.earliest("pk")
    browser.post(f"/office/fees/receipts/{first.sourced_id}/undo/", {"reason": "Another's"})
    kept = LedgerEntry.objects.filter(student=child, account__purpose__in=("receivable", "credit"))
    signed = sum(entry.amount * (1 if entry.side == "debit" else -1) for entry in kept)
    told = selectors.statement_of([child], campus.institution)
    assert told.balance == signed == Decimal(1200 - 700 - 600 - 30 + 700)
    assert [entry.kind for entry in told.entries] == ["bill", "credit-note", "payment", "payment", "reversal"]


# --- the start page ---------------------------------------------------------------------------------------------------
def test_the_accountants_day_begins_with_what_came_in_and_what_is_overdue(
    office: Office, anton: User, alice: User, campus: Campus, class_of: list[Student]
) -> None:
    money.an_item(campus, by=anton)
    tomorrow = SCHOOL_DAY + dt.timedelta(days=1)
    money.billed(campus, by=anton, due_on=(tomorrow, money.DUE))
    money.a_payment(class_of[0], "900", by=anton)
    page = _page(office(anton).get("/office/"))
    assert "900.00 GBP" in page
    # Of 15 × 600 due in November one is paid whole, of December's a half of it.
    with clock.frozen(people.SCHOOL_MOMENT + dt.timedelta(days=32)):
        page = _page(office(anton).get("/office/"))
    for said in ("9,000.00 GBP", "600.00 GBP", "300.00 GBP", "17,100.00 GBP"):
        assert f">{said}<" in page, said
    head = _page(office(alice).get("/office/"))
    assert "Taken today" not in head


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/office/fees/take/{student}/", ["amount"]),
        ("/office/fees/feeitem/add/", ["amount"]),
        ("/office/fees/concession/add/", ["amount", "percent"]),
        ("/office/examinations/examsession/add/", ["weight"]),
    ],
)
def test_no_number_with_decimals_is_typed_into_a_field_that_drops_the_comma(
    office: Office, anton: User, campus: Campus, class_of: list[Student], address: str, fields: list[str]
) -> None:
    page = _page(office(people.a_user("una", role="administrator")).get(address.format(student=class_of[0].sourced_id)))
    (form,) = [each for each in forms_on(page) if each.kinds.keys() >= set(fields)]
    assert {form.kinds[field] for field in fields} == {"text"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_bills_and_payments_are_taken_away_as_files(
    office: Office, anton: User, campus: Campus, class_of: list[Student], form: str
) -> None:
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    money.a_payment(class_of[0], "450.50", by=anton)

    def rows(what: str) -> list[dict[str, Any]]:
        content = b"".join(office(anton).get(f"/office/fees/files/{what}.{form}"))
        if form == "csv":
            return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        first, *rest = load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
        return [dict(zip(first, row, strict=True)) for row in rest]

    (mine,) = [row for row in rows("bills") if row["admission_number"] == class_of[0].admission_number]
    assert (mine["total"], mine["paid"], mine["left"], mine["currency"]) == ("1200.00", "450.50", "749.50", "GBP")
    assert len(rows("bills")) == 15
    (payment,) = rows("payments")
    assert (payment["amount"], payment["method"], payment["pays_bills"]) == ("450.50", "cash", "450.50")
    assert office(anton).get("/office/fees/files/books.csv").status_code == 404


def test_a_payment_is_found_by_the_number_of_its_receipt(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    one, other = (money.a_payment(student, "5", by=anton) for student in class_of[:2])
    page = _page(office(anton).get("/office/fees/payment/", {"q": one.receipt}))
    assert one.receipt in page
    assert other.receipt not in page


# --- the cashier's day ------------------------------------------------------------------------------------------------
def test_a_cashiers_day_is_closed_with_what_differs(
    office: Office, anton: User, campus: Campus, class_of: list[Student]
) -> None:
    for amount, method in (("200", "cash"), ("50", "card")):
        money.a_payment(class_of[0], amount, by=anton, method=method)
    browser, address = office(anton), "/office/fees/drawer/"
    assert "200.00 GBP" in _page(browser.get(address))
    short = {"counted": "195,50", "left": "20"}
    unsaid = browser.post(address, short)
    assert unsaid.status_code == 422
    assert "200.00 should lie in the drawer" in _page(unsaid)
    assert browser.post(address, {"counted": "10", "left": "20"}).status_code == 422
    # One thousand, or one?
    for wrong in (
        {"counted": "1,000", "left": "0"},
        {"counted": "195.5", "left": "1,000"},
        {"counted": "-1", "left": "0"},
    ):
        assert browser.post(address, {**wrong, "reason": "A wrong note"}).status_code == 422
    assert browser.post(address, {**short, "reason": "A wrong note"}).status_code == 302
    balances = {row.purpose: row.debit_sum - row.credit_sum for row in selectors.accounts_seen(by=anton)}
    assert (balances["cash"], balances["bank"], balances["differences"]) == (
        Decimal(20), Decimal("175.500"), Decimal("4.500"),
    )  # fmt: skip
    page = _page(browser.get(address))
    for said in ("A wrong note", "-4.50", "175.50"):
        assert said in page
    # Once a day; tomorrow begins with what stayed.
    assert "counted on" in _page(browser.post(address, {"counted": "20", "left": "20"}))
    with clock.frozen(people.SCHOOL_MOMENT + dt.timedelta(days=1)):
        held = selectors.drawer_of(campus.institution, SCHOOL_DAY + dt.timedelta(days=1))
        assert (held.opening, held.moved) == (20, 0)
        # Nothing moved, nothing differs, nothing goes to the bank: the day is closed without a posting.
        again = office(anton).post(address, {"counted": "20", "left": "20"})
        assert again["Location"] == address
    assert len(selectors.counts_of(campus.institution, by=anton)) == 2


def test_who_takes_no_money_counts_none(office: Office, alice: User, campus: Campus) -> None:
    assert office(alice).post("/office/fees/drawer/", {"counted": "0", "left": "0"}).status_code == 403


def test_who_takes_no_money_takes_no_bank_lines_away(office: Any, campus: Campus) -> None:
    browser = office(people.a_user("hana", role="head"))
    for form in ("csv", "xlsx"):
        assert browser.get(f"/office/fees/files/bank-lines.{form}").status_code in {403, 404}
