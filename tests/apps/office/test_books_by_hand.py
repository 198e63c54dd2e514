"""In the office: a period is closed, something is posted by hand, payers are said, credit is used, a cheque clears."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.fees import selectors
from apps.fees.models import Account, Books, Concession, Invoice, LedgerEntry, Payer
from apps.students.models import Guardian
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]


@pytest.fixture
def anton(campus: Campus) -> User:
    money.a_chart(campus.institution)
    return people.a_user("anton", role="accountant")


@pytest.fixture
def bills(campus: Campus, anton: User) -> list[Invoice]:
    money.an_item(campus, by=anton)
    return money.billed(campus, by=anton)


def _page(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_period_is_closed_and_never_opened(office: Office, campus: Campus, anton: User) -> None:
    browser, day = office(anton), SCHOOL_DAY - dt.timedelta(days=1)
    assert "No period is closed yet" in _page(browser.get("/office/fees/books/"))
    assert browser.post("/office/fees/books/", {"closed_through": day.isoformat()}).status_code == 302
    assert Books.objects.get(institution=campus.institution).closed_through == day
    for wrong in (day, SCHOOL_DAY + dt.timedelta(days=1)):
        assert browser.post("/office/fees/books/", {"closed_through": wrong.isoformat()}).status_code == 422
    assert office(people.a_user("hana", role="head")).get("/office/fees/books/").status_code == 403


def test_something_is_posted_by_hand_once_its_sides_are_equal(office: Office, campus: Campus, anton: User) -> None:
    chart = {row.purpose: row for row in Account.objects.filter(institution=campus.institution)}
    browser = office(anton)
    said = {"day": SCHOOL_DAY.isoformat(), "memo": "Charges"}
    said |= {"account-0": chart["differences"].pk, "debit-0": "3,50", "account-1": chart["bank"].pk, "credit-1": "3"}
    wrong = browser.post("/office/fees/books/post/", said)
    assert (wrong.status_code, LedgerEntry.objects.count()) == (422, 0)
    assert "3.50 is debited and 3.00 credited" in _page(wrong)
    half = browser.post("/office/fees/books/post/", {**said, "account-2": chart["cash"].pk})
    assert "an amount on one of its sides" in _page(half)
    assert browser.post("/office/fees/books/post/", {**said, "credit-1": "3.50"}).status_code == 302
    assert sorted(LedgerEntry.objects.values_list("side", "amount", "account__purpose")) == [
        ("credit", 3.5, "bank"),
        ("debit", 3.5, "differences"),
    ]
    # What families owe is posted by bills alone, and no choice.
    assert f'value="{chart["receivable"].pk}"' not in _page(browser.get("/office/fees/books/post/"))


def test_who_pays_is_said_in_percent(office: Office, bills: list[Invoice], anton: User) -> None:
    child = bills[0].student
    mum, dad = (Guardian.objects.get(user=people.a_guardian(name, of=[child])) for name in ("mum", "dad"))
    browser, page = office(anton), f"/office/fees/students/{child.sourced_id}/payers/"
    wrong = browser.post(page, {str(mum.sourced_id): "60", str(dad.sourced_id): "30"})
    assert (wrong.status_code, Payer.objects.count()) == (422, 0)
    assert "These come to 90" in _page(wrong)
    assert browser.post(page, {str(mum.sourced_id): "60", str(dad.sourced_id): "40"}).status_code == 302
    assert dict(Payer.objects.values_list("guardian", "percent")) == {mum.pk: 60, dad.pk: 40}
    assert 'value="60' in _page(browser.get(page))
    assert browser.post(page, {}).status_code == 302
    assert not Payer.objects.exists()


def test_what_is_paid_ahead_is_put_against_a_later_bill(
    office: Office, campus: Campus, bills: list[Invoice], anton: User
) -> None:
    child = bills[0].student
    money.a_payment(child, "1300", by=anton)
    money.an_item(campus, "60", name="Trip", by=anton)
    money.billed(campus, by=anton)
    browser, page = office(anton), f"/office/fees/students/{child.sourced_id}/"
    assert "Put 60.00 GBP paid ahead against bills" in _page(browser.get(page))
    assert browser.post(page).status_code == 302
    assert selectors.due_of(child, campus.institution) == []
    assert "paid ahead against bills" not in _page(browser.get(page))


def test_a_cheque_is_cleared_from_its_receipt(office: Office, bills: list[Invoice], anton: User) -> None:
    paid = money.a_payment(bills[0].student, "700", method="cheque", by=anton)
    browser, page = office(anton), f"/office/fees/receipts/{paid.sourced_id}/"
    assert f"{page}clear/" in _page(browser.get(page))
    assert browser.post(f"{page}clear/").status_code == 302
    assert selectors.is_cleared(paid)
    assert f"{page}clear/" not in _page(browser.get(page))


def test_concessions_of_brothers_and_sisters_are_asked_for_at_once(
    office: Office, campus: Campus, bills: list[Invoice], anton: User
) -> None:
    people.a_guardian("carol", of=[bill.student for bill in bills[:3]])
    browser, said = office(anton), {"year": campus.year.pk, "second": "10", "third": "20"}
    assert browser.post("/office/fees/siblings/", said)["Location"].endswith("?stands=asked")
    assert sorted(Concession.objects.values_list("percent", flat=True)) == [10, 20]
    again = browser.post("/office/fees/siblings/", said)
    assert (again.status_code, "no brothers and sisters" in _page(again)) == (422, True)
