"""Fees in the office: the price list, who has what of it, a term billed, and bills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import Account, Concession, FeeItem, Invoice, InvoiceRun, RunOutcome, StudentFee
from apps.institutions.models import AcademicYear
from apps.students.models import Student
from tests.apps.office.forms import forms_on
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]
Counting = Callable[..., Any]


@pytest.fixture
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
    assert "1,300.00" in _page(browser.get("/office/fees/feeitem/"))
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
    above = browser.post(f"{address}credit/", {"amount": "1200.01", "reason": "All of it"})
    assert above.status_code == 422
    assert "at most 1200.00 can be credited" in _page(above)
    assert browser.post(f"{address}credit/", {"amount": "200", "reason": "Was ill"}).status_code == 302
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
        ]
        return [_statements(browser, page, query_count) for page in pages]

    money.billed(campus, by=anton)
    people.some_students(5, section=campus.section)
    few = counted()
    people.some_students(45, section=campus.section)
    money.billed(campus, by=anton)
    people.some_students(45, section=campus.section)
    assert RunOutcome.objects.filter(outcome="billed").count() >= 60
    assert counted() == few
    assert max(few) <= 20
