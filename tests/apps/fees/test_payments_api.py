"""Money is taken over the API once however often it is sent, and each parent sees the receipts that are theirs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import Account, Invoice, Payment
from apps.fees.services import PaidBy
from apps.students.models import Student, StudentGuardian
from tests.apps.asking import Asking, asking
from tests.factories import money, people
from tests.factories.people import Campus, students_in


@pytest.fixture
def child(campus: Campus, chart: dict[str, Account], anton: User) -> Student:
    """Somebody of 7 B, in whose grade tuition is twelve hundred."""
    money.an_item(campus, by=anton)
    return students_in(campus.section)[0]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def body(child: Student, amount: str = "1300", **more: Any) -> dict[str, Any]:
    return {"student_id": str(child.sourced_id), "amount": amount, "currency": "GBP", "method": "cash", **more}


def take(ask: Asking, child: Student, amount: str = "1300", **more: Any) -> Any:
    return ask.post("payments", body(child, amount, **more), headers=key())


def test_a_payment_that_is_sent_twice_is_taken_once(campus: Campus, child: Student, anton: User) -> None:
    money.billed(campus, by=anton)
    ask, said = asking(anton), key()
    answers = [ask.post("payments", body(child), headers=dict(said)) for _each in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    taken = answers[0].json()
    assert (taken["receipt"], taken["allocated"], taken["credit"]) == ("2026-000001", "1200.00", "100.00")
    assert [(each["number"], each["amount"]) for each in taken["pays"]] == [("2026-000001", "1200.00")]
    assert ask.get(f"payments/{taken['id']}").json() == taken
    missing = ask.post("payments", body(child))
    assert (missing.status_code, missing.json()["code"]) == (400, "api:idempotency-key-missing")
    assert Payment.objects.count() == 1
    bill = ask.rows(f"invoices?student_id={child.sourced_id}")[0]
    assert (bill["paid"], bill["left"]) == ("1200.00", "0.00")


def test_what_goes_back_stands_beside_the_payment(campus: Campus, child: Student, anton: User) -> None:
    money.billed(campus, by=anton)
    ask = asking(anton)
    taken = take(ask, child, method="cheque", reference="000123").json()
    where = f"payments/{taken['id']}"
    early = ask.post(f"{where}/refund", {"amount": "100", "reason": "Left"}, headers=key())
    assert (early.status_code, early.json()["code"]) == (409, "fees:cheque-not-cleared")
    assert ask.post(f"{where}/clear", {}, headers=key()).status_code == 200
    back = ask.post(f"{where}/refund", {"amount": "60", "reason": "Left"}, headers=key()).json()
    assert (back["returned"], back["credit"]) == ("60.00", "40.00")
    assert [(each["kind"], each["method"], each["amount"]) for each in back["refunds"]] == [
        ("refund", "bank", "60.00")
    ]  # fmt: skip
    other = take(ask, child, "5").json()
    gone = ask.post(f"payments/{other['id']}/reverse", {"reason": "Mistake"}, headers=key()).json()
    assert (gone["reversed_as"], gone["credit"]) == ("reversal", "0.00")
    standing = ask.get(f"students/{child.sourced_id}/standing").json()
    assert (standing["due"], standing["credit"], standing["instalments"]) == ("0.00", "40.00", [])


def test_what_is_wrong_is_named_by_its_field(campus: Campus, child: Student, anton: User) -> None:
    (bill,) = Invoice.objects.filter(student=child) or money.billed(campus, by=anton)[:1]
    ask = asking(anton)

    def said(answer: Any) -> tuple[int, str, list[str]]:
        problem = answer.json()
        return answer.status_code, problem["code"], [each["field"] for each in problem.get("errors", ())]

    pays = [{"invoice_id": str(bill.sourced_id), "amount": "1200.01"}]
    payer = bill.student
    assert said(take(ask, payer, pays=pays)) == (409, "fees:pays-more-than-left", ["pays.0.amount"])
    assert said(take(ask, payer, "1.005")) == (422, "money:amount-refused", ["amount"])
    assert said(take(ask, payer, currency="EUR")) == (422, "money:currency-differs", ["currency"])
    assert said(take(ask, payer, day="2100-01-01")) == (422, "fees:posted-ahead", ["day"])
    assert take(ask, payer, "NaN").status_code == take(ask, payer, "-1").status_code == 422
    assert not Payment.objects.exists()


def test_each_parent_sees_the_receipts_that_are_theirs(campus: Campus, child: Student, anton: User) -> None:
    mum, dad = (people.a_guardian(name, of=[child]) for name in ("mum", "dad"))
    links = {link.guardian.user_id: link.guardian for link in StudentGuardian.objects.filter(student=child)}
    shares = [PaidBy(links[user.pk].sourced_id, Decimal(50)) for user in (mum, dad)]
    services.set_payers(student=child, payers=shares, by=anton)
    money.billed(campus, by=anton)
    hers = Invoice.objects.get(student=child, guardian=links[mum.pk])
    money.a_payment(child, "10", guardian=links[mum.pk], by=anton)
    money.a_payment(child, "20", guardian=links[dad.pk], by=anton)
    # Nobody is named: it pays a bill of the mother's, so that it is none of the father's.
    money.a_payment(child, "30", pays=[services.Pays(hers.sourced_id, Decimal(30))], by=anton)
    money.a_payment(child, "2000", by=anton, pays=[services.Pays(hers.sourced_id, Decimal(1))])
    where = f"students/{child.sourced_id}/receipts"
    assert sorted(row["amount"] for row in asking(mum).rows(where)) == ["10.00", "2000.00", "30.00"]
    assert [row["amount"] for row in asking(dad).rows(where)] == ["20.00"]
    stranger = people.a_guardian("stranger", of=[students_in(campus.section)[1]])
    assert asking(stranger).get(where).status_code == 404
    assert asking(mum).get("payments").status_code == 403


def test_the_list_of_payments_takes_as_many_statements_for_one_as_for_ten(
    campus: Campus, child: Student, anton: User, query_count: Any
) -> None:
    money.billed(campus, by=anton)
    ask, counts = asking(anton), []
    for many in (1, 9):
        for _each in range(many):
            money.a_payment(child, "20", by=anton)
        for address in ("payments", f"students/{child.sourced_id}/standing"):
            with query_count() as counted:
                assert ask.get(address).status_code == 200
            counts.append(counted.count)
    assert counts[:2] == counts[2:]
