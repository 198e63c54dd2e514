"""Statements, debtors, the cash book, the drawer and papers over the API, each for whom it is."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from apps.access.models import Role, RoleAssignment, RolePermission
from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import Account, Invoice
from apps.students.models import Enrolment, Guardian, SectionMembership, Student
from schoolops import clock
from tests.apps.asking import asking
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus
from tests.support.kept import kept

PAID, LATE = Decimal(200), 45


@pytest.fixture
@kept
def family(campus: Campus, chart: dict[str, Account], anton: User) -> list[Student]:
    """Two children of Carol, billed 1,200 each, due 45 days ago; 200 paid of the first one's in cash."""
    children = people.students_in(campus.section)[:2]
    people.a_guardian("carol", of=children)
    money.an_item(campus, by=anton)
    with clock.frozen(SCHOOL_MOMENT - dt.timedelta(days=LATE)):
        money.billed(campus, by=anton, due_on=(SCHOOL_DAY - dt.timedelta(days=LATE),))
    carol = Guardian.objects.get(user__username="carol")
    money.a_payment(children[0], "200", by=anton, guardian=carol)
    return children


def at(campus: Campus) -> str:
    return f"institution_id={campus.institution.sourced_id}"


def said(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["kind"], row["amount"], row["balance"]) for row in rows]


# --- statements -------------------------------------------------------------------------------------------------------
def test_a_statement_tells_how_a_child_or_a_family_came_to_its_balance(family: list[Student], anton: User) -> None:
    ask, child = asking(anton), family[0].sourced_id
    assert said(ask.rows(f"students/{child}/statement")) == [
        ("bill", "1200.00", "1200.00"), ("payment", "-200.00", "1000.00"),
    ]  # fmt: skip
    carol = Guardian.objects.get(user__username="carol")
    of_all = ask.rows(f"students/{child}/statement?guardian_id={carol.sourced_id}")
    assert [row["balance"] for row in of_all] == ["1200.00", "2400.00", "2200.00"]
    # A part of it still says what is owed of all of it.
    assert said(ask.rows(f"students/{child}/statement?from={SCHOOL_DAY}")) == [("payment", "-200.00", "1000.00")]
    assert said(ask.rows(f"students/{child}/statement?to={SCHOOL_DAY - dt.timedelta(days=1)}")) == [
        ("bill", "1200.00", "1200.00")
    ]  # fmt: skip
    stranger = Guardian.objects.create(given_name="Nobody")
    refused = ask.get(f"students/{child}/statement?guardian_id={stranger.sourced_id}")
    assert refused.json()["code"] == "fees:payer-of-another"


def test_a_guardian_reads_their_own_statement_and_nobody_elses(
    family: list[Student], campus: Campus, anton: User
) -> None:
    ask = asking(User.objects.get(username="carol"))
    of_all = ask.rows(f"students/{family[0].sourced_id}/family-statement")
    assert of_all == asking(anton).rows(
        f"students/{family[0].sourced_id}/statement"
        f"?guardian_id={Guardian.objects.get(user__username='carol').sourced_id}"
    )
    other = people.students_in(campus.section)[2]
    assert ask.get(f"students/{other.sourced_id}/family-statement").status_code == 404
    assert ask.get(f"students/{family[0].sourced_id}/statement").status_code == 403
    assert ask.get(f"debtors?{at(campus)}").status_code == 403


def test_a_guardian_reads_what_each_campus_that_bills_a_child_asks_for(
    family: list[Student], campus: Campus, anton: User
) -> None:
    annex = people.a_school_year(name="Annex").institution
    child = family[0]
    Student.objects.filter(pk=child.pk).update(institution=annex)
    ask, address = asking(User.objects.get(username="carol")), f"students/{child.sourced_id}/family-statement"
    assert ask.rows(address) == []
    billing = f"{address}?{at(campus)}"
    assert [row["balance"] for row in ask.rows(billing)] == ["1200.00", "2400.00", "2200.00"]
    assert ask.get(billing.replace(address, f"students/{child.sourced_id}/printed-family-statement")).status_code == 200
    SectionMembership.objects.filter(enrolment__student=child).delete()
    Enrolment.objects.filter(student=child).delete()
    assert ask.get(billing).status_code == 404


def test_its_pages_together_are_the_whole_of_it_and_the_file_is_the_same(family: list[Student], anton: User) -> None:
    ask, address = asking(anton), f"students/{family[0].sourced_id}/statement"
    for _each in range(4):
        money.a_payment(family[0], "1", by=anton)
    whole = ask.rows(address)
    seen, more = [], ""
    while True:
        page = ask.get(f"{address}?limit=4{more}").json()
        seen += page["results"]
        if page["next"] is None:
            break
        more = f"&cursor={page['next']}"
    assert (seen, len(seen)) == (whole, 6)
    file = ask.get(f"{address}?as=csv&fields=day,kind,amount,balance")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    # What would be run as a formula is text.
    assert (lines[0], lines[-1]) == ("day,kind,amount,balance", f"{SCHOOL_DAY},payment,'-1.00,996.00")
    assert ask.get(f"{address}?cursor=forged").status_code == 422


# --- debtors, the cash book -------------------------------------------------------------------------------------------
def test_debtors_stand_by_age_and_are_a_file_too(family: list[Student], campus: Campus, anton: User) -> None:
    ask = asking(anton)
    rows = ask.rows(f"debtors?{at(campus)}")
    assert len(rows) == Invoice.objects.count()
    first = next(row for row in rows if row["student_id"] == str(family[0].sourced_id))
    assert {name: first[name] for name in ("not_due", "days_31_60", "overdue", "oldest_due_on")} == {
        "not_due": "0.00", "days_31_60": "1000.00", "overdue": "1000.00",
        "oldest_due_on": str(SCHOOL_DAY - dt.timedelta(days=LATE)),
    }  # fmt: skip
    assert rows[-1] == first
    sheet = load_workbook(io.BytesIO(b"".join(ask.get(f"debtors?{at(campus)}&as=xlsx").streaming_content))).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]][:4] == ["student_id", "given_name", "family_name", "admission_number"]
    assert sheet.max_row == len(rows) + 1
    assert ask.get("debtors").status_code == 422


def test_debtors_take_the_same_statements_for_few_and_for_many(
    family: list[Student], campus: Campus, anton: User, query_count: Callable[[], Any]
) -> None:
    ask, counts = asking(anton), []
    for amount in ("1000", "0.01"):
        with query_count() as counted:
            ask.rows(f"debtors?{at(campus)}")
        counts.append(counted.count)
        for bill in Invoice.objects.all()[:6]:
            money.a_payment(bill.student, amount, by=anton)
    assert counts[0] == counts[1]


def test_the_cash_book_is_of_a_day_and_a_campus(family: list[Student], campus: Campus, anton: User) -> None:
    ask = asking(anton)
    (row,) = ask.rows(f"cash-book?{at(campus)}")
    assert (row["kind"], row["method"], row["amount"], row["by"]) == ("payment", "cash", "200.00", "Anton")
    assert ask.rows(f"cash-book?{at(campus)}&day={SCHOOL_DAY - dt.timedelta(days=1)}") == []


# --- the drawer -------------------------------------------------------------------------------------------------------
def a_cashier(campus: Campus) -> User:
    """Somebody who takes money at a campus and may do nothing else with it."""
    role = Role.objects.create(code="cashier", name="Cashier")
    RolePermission.objects.create(role=role, permission="fees.collect")
    user = people.a_user("casey")
    RoleAssignment.objects.create(user=user, role=role, institution=campus.institution)
    return user


def test_a_cashier_closes_the_day_of_their_own_campus_once(family: list[Student], campus: Campus) -> None:
    ask, there = asking(a_cashier(campus)), f"drawers/{campus.institution.sourced_id}"
    assert {**ask.get(there).json(), "institution_id": "", "day": ""} == {
        "institution_id": "", "day": "", "currency": "GBP", "opening": "0.00", "moved": "200.00", "expected": "200.00",
        "counted": False,
    }  # fmt: skip
    body = {"counted": "199.50", "left": "50"}
    assert ask.post(f"{there}/counts", body).json()["code"] == "api:idempotency-key-missing"
    unsaid = ask.post(f"{there}/counts", body, headers={"Idempotency-Key": str(uuid4())})
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "fees:difference-needs-reason")
    key = {"Idempotency-Key": str(uuid4())}
    made, again = (ask.post(f"{there}/counts", {**body, "reason": "Change"}, headers=dict(key)) for _each in range(2))
    assert made.status_code == 201
    assert made.json() == again.json()
    assert (made.json()["difference"], made.json()["banked"], made.json()["by"]) == ("-0.50", "149.50", "Casey")
    assert ask.rows(f"{there}/counts") == ask.rows(f"{there}/counts?from={SCHOOL_DAY}&to={SCHOOL_DAY}") == [made.json()]
    assert ask.rows(f"{there}/counts?from={SCHOOL_DAY + dt.timedelta(days=1)}") == []
    assert (ask.get(there).json()["counted"], ask.get(there).json()["expected"]) == (True, "50.00")
    other = people.a_school_year(name="Annex").institution.sourced_id
    assert {ask.get(f"drawers/{other}").status_code, ask.get(f"drawers/{other}/counts").status_code} == {404}
    assert ask.get(f"debtors?{at(campus)}").status_code == 403


# --- on paper ---------------------------------------------------------------------------------------------------------
def test_papers_are_whose_they_are(family: list[Student], campus: Campus, anton: User) -> None:
    staff, carol = asking(anton), asking(User.objects.get(username="carol"))
    bill, payment = family[0].invoices.get(), family[0].payments.get()
    child = f"students/{family[0].sourced_id}"
    for ask, address, name in (
        (staff, f"invoices/{bill.sourced_id}/printed-bill", f"bill-{bill.called_number}"),
        (staff, f"payments/{payment.sourced_id}/printed-receipt", f"receipt-{payment.receipt}"),
        (staff, f"{child}/printed-statement", f"statement-{SCHOOL_DAY}"),
        (carol, f"{child}/invoices/{bill.sourced_id}/printed-bill", f"bill-{bill.called_number}"),
        (carol, f"{child}/receipts/{payment.sourced_id}/printed-receipt", f"receipt-{payment.receipt}"),
        (carol, f"{child}/printed-family-statement", f"statement-{SCHOOL_DAY}"),
    ):
        answer = ask.get(address)
        assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-"), address
        assert answer.headers["Content-Disposition"] == f'inline; filename="{name}.pdf"'
    other = people.students_in(campus.section)[2]
    for address in (
        f"invoices/{bill.sourced_id}/printed-bill",
        f"students/{other.sourced_id}/invoices/{other.invoices.get().sourced_id}/printed-bill",
        f"{child}/invoices/{other.invoices.get().sourced_id}/printed-bill",
    ):
        assert carol.get(address).status_code in {403, 404}, address
    services.void_invoice(invoice=other.invoices.get().sourced_id, reason="Left", by=anton)
    assert staff.get(f"invoices/{other.invoices.get().sourced_id}/printed-bill").status_code == 200
