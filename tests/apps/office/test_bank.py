"""Bank statements in the office: a file is sent, its sure lines are taken together, and the rest is worked through."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.models import User
from apps.exchange import tasks as exchange
from apps.fees import selectors, tasks
from apps.fees.models import BankLine, BankStatement, Invoice, Payment
from tests.factories import money, people
from tests.factories.jobs import work_off
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]
DAY = SCHOOL_DAY - dt.timedelta(days=1)


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


def send(browser: Any, *rows: tuple[str, str], header: str = "Date,Amount,Details") -> str:
    """The address of the file's page, once it is read."""
    content = "\n".join([header, *(f"{DAY},{amount},{text}" for amount, text in rows)])
    answer = browser.post("/office/fees/bank/", {"file": SimpleUploadedFile("bank.csv", content.encode())})
    assert answer.status_code == 302, _page(answer)
    work_off(exchange.read_bank_statement)
    return str(answer["Location"])


def test_a_file_is_sent_and_its_sure_lines_are_taken_for_the_sum_that_the_button_names(
    office: Office, bills: list[Invoice], anton: User
) -> None:
    browser = office(anton)
    address = send(browser, ("1200", bills[0].called_number), ("1200", bills[1].called_number), ("5", "nobody"))
    shown = _page(browser.get(address))
    assert "Take 2 sure lines: 2,400.00 GBP" in shown
    assert "names a bill, the amount agrees" in shown
    assert browser.post(address, {"total": "1200"}, follow=True).status_code == 200
    assert not Payment.objects.exists()
    assert browser.post(address, {"total": "2400.000"}).status_code == 302
    work_off(tasks.take_bank_lines)
    assert set(selectors.left_of(bills[:2]).values()) == {0}
    assert "1 line of a bank to look at" in _page(browser.get("/office/"))
    assert "nobody" in _page(browser.get("/office/fees/bank/"))


@pytest.mark.parametrize("said", [{"total": "abc"}, {"total": ""}, {"total": "1,200"}, {}])
def test_a_total_that_is_no_number_is_refused_in_words(
    office: Office, bills: list[Invoice], anton: User, said: dict[str, str]
) -> None:
    browser = office(anton)
    address = send(browser, ("1200", bills[0].called_number))
    answer = browser.post(address, said)
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert "an amount is a text such as 12.50" in _page(browser.get(address))
    statement = BankStatement.objects.get()
    assert (statement.state, [*statement.lines.values_list("state", flat=True)]) == ("read", ["waiting"])


def test_a_line_is_shared_out_among_children_that_are_found(office: Office, bills: list[Invoice], anton: User) -> None:
    browser = office(anton)
    send(browser, ("100", "school"), ("7", "interest"))
    line, interest = BankLine.objects.order_by("pk")
    child, other = bills[0].student, bills[1].student
    page = f"/office/fees/bank/lines/{line.sourced_id}/"
    found = _page(browser.get(f"{page}?q={quote(child.given_name)}"))
    assert f'name="amount-{child.sourced_id}"' in found
    shares = {f"amount-{child.sourced_id}": "60", f"amount-{other.sourced_id}": "50"}
    wrong = browser.post(page, shares)
    assert (wrong.status_code, Payment.objects.count()) == (422, 0)
    assert "its shares come to 110" in _page(wrong)
    # A thousand and more to one reader, and a little more than one to another.
    wrong = browser.post(page, {**shares, f"amount-{other.sourced_id}": "40,000"})
    assert (wrong.status_code, Payment.objects.count()) == (422, 0)
    assert "Write it without separating thousands" in _page(wrong)
    done = browser.post(page, {**shares, f"amount-{other.sourced_id}": "40,00"})
    # On to the next one that waits.
    assert done["Location"] == f"/office/fees/bank/lines/{interest.sourced_id}/"
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [40, 60]
    aside = browser.post(done["Location"], {"reason": "Interest"})
    assert aside["Location"].startswith("/office/fees/bank/?campus=")
    assert BankLine.objects.get(pk=interest.pk).state == "set-aside"
    assert browser.post(done["Location"], {"again": "1"}).status_code == 302
    assert BankLine.objects.get(pk=interest.pk).state == "waiting"


def test_a_page_names_nobody_of_a_campus_out_of_reach_whatever_is_sent_to_it(
    office: Office, campus: Campus, bills: list[Invoice], anton: User
) -> None:
    (stranger,) = people.some_students(1, institution=people.a_school_year(name="Willow").institution)
    stranger.family_name = "Farouk"
    stranger.save()
    browser = office(anton)
    send(browser, ("100", "school"))
    page = f"/office/fees/bank/lines/{BankLine.objects.get().sourced_id}/"
    here = office(people.a_user("nora", role="accountant", institution=campus.institution))
    for each in (here, browser):
        refused = each.post(page, {f"amount-{stranger.sourced_id}": "100"})
        assert (refused.status_code, Payment.objects.count()) == (422, 0)
        assert not {"Farouk", stranger.admission_number, str(stranger.sourced_id)} & {
            *re.findall(r"[\w-]+", _page(refused))
        }
        assert "Farouk</bdi>" not in _page(each.get(f"{page}?q=Farouk"))
    # Who is enrolled there is theirs to choose, wherever their record is.
    child = bills[0].student
    assert f"amount-{child.sourced_id}" in _page(here.post(page, {f"amount-{child.sourced_id}": "7"}))


def test_a_transfer_that_was_entered_by_hand_is_that_receipt(office: Office, bills: list[Invoice], anton: User) -> None:
    paid = money.a_payment(bills[0].student, "1200", method="bank", day=DAY, by=anton)
    browser = office(anton)
    send(browser, ("1200", bills[0].called_number))
    page = f"/office/fees/bank/lines/{BankLine.objects.get().sourced_id}/"
    assert f"It is receipt {paid.receipt}" in _page(browser.get(page))
    assert browser.post(page, {"receipt": str(paid.sourced_id)}).status_code == 302
    assert (Payment.objects.count(), BankLine.objects.get().payments) == (1, [paid.sourced_id])


def test_columns_that_nobody_knows_are_said_on_the_page(office: Office, bills: list[Invoice], anton: User) -> None:
    browser = office(anton)
    address = send(browser, ("1200", bills[0].called_number), header="Wann,Wieviel,Wozu")
    assert "exchange:column-missing" in _page(browser.get(address))
    said = {"column-0": "day", "column-1": "amount", "column-2": "text", "day_order": ""}
    assert browser.post(address, said).status_code == 302
    work_off(exchange.read_bank_statement)
    assert (BankStatement.objects.get().state, BankLine.objects.get().confidence) == ("read", 90)


def test_a_teacher_sees_no_line_and_a_file_of_nothing_is_refused(office: Office, anton: User) -> None:
    browser = office(anton)
    refused = browser.post("/office/fees/bank/", {"file": SimpleUploadedFile("x.pdf", b"%PDF-1.7")})
    assert (refused.status_code, BankStatement.objects.count()) == (422, 0)
    assert office(people.a_user("bob", role="teacher")).get("/office/fees/bank/").status_code == 403


def test_the_same_file_again_is_not_said_to_be_read(office: Office, bills: list[Invoice], anton: User) -> None:
    browser, line = office(anton), ("1200", bills[0].called_number)
    address = send(browser, line)
    assert "has come in and is read now" in _page(browser.get(address))
    assert send(browser, line) == address
    assert "has come in and is read now" not in _page(browser.get(address))
