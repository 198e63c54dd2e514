"""A term is billed over the API, and each parent sees what is theirs to pay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from apps.access.models import Role, RoleAssignment
from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import Account, Invoice
from apps.fees.services import PaidBy
from apps.fees.tasks import make_bills
from apps.students.models import Student, StudentGuardian
from tests.apps.asking import asking
from tests.factories import money, people
from tests.factories.jobs import work_off
from tests.factories.money import DUE
from tests.factories.people import Campus, students_in


@pytest.fixture
def child(campus: Campus, chart: dict[str, Account], anton: User) -> Student:
    """Somebody of 7 B, in whose grade tuition is twelve hundred."""
    money.an_item(campus, by=anton)
    return students_in(campus.section)[0]


def test_a_run_is_looked_at_confirmed_and_made(campus: Campus, child: Student, anton: User) -> None:
    ask = asking(anton)
    days = [str(DUE), str(DUE + dt.timedelta(days=30))]
    run = ask.post("invoice-runs", {"term_id": str(campus.terms[0].sourced_id), "due_on": days}).json()
    preview = ask.get(f"invoice-runs/{run['id']}/preview").json()
    assert (preview["total"], preview["students"], preview["left_out"]) == ("18000.00", 15, [])
    assert [(each["name"], each["total"]) for each in preview["sections"]] == [
        ("Grade 7 B", "14400.00"),
        ("Grade 7 C", "3600.00"),
    ]
    assert [(each["name"], each["charged"]) for each in preview["items"]] == [("Tuition", "18000.00")]
    assert len(preview["samples"]) == 3
    wrong = ask.post(f"invoice-runs/{run['id']}/confirm", {"total": "17999.99"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "fees:run-comes-to-another")
    answer = ask.post(f"invoice-runs/{run['id']}/confirm", {"total": preview["total"]})
    assert (answer.status_code, answer.json()["waiting"]) == (202, 15)
    assert [each["what"] for each in answer.json()["touched"]] == ["bills"]
    work_off(make_bills)
    done = ask.get(f"invoice-runs/{run['id']}").json()
    assert (done["state"], done["billed"], done["waiting"]) == ("done", 15, 0)
    outcomes = ask.rows(f"invoice-runs/{run['id']}/outcomes")
    assert {(each["outcome"], each["amount"]) for each in outcomes} == {("billed", "1200.00")}
    bill = ask.get(f"invoices/{ask.rows('invoices?sort=oldest')[0]['id']}").json()
    assert (bill["number"], bill["total"], bill["due_on"]) == ("2026-000001", "1200.00", days[0])
    assert [(each["due_on"], each["amount"]) for each in bill["instalments"]] == [
        (days[0], "600.00"),
        (days[1], "600.00"),
    ]
    assert [(each["text"], each["amount"]) for each in bill["lines"]] == [("Tuition", "1200.00")]


def test_each_parent_sees_their_own_bill_and_a_stranger_none(campus: Campus, child: Student, anton: User) -> None:
    mum, dad = (people.a_guardian(name, of=[child]) for name in ("mum", "dad"))
    links = {link.guardian.user_id: link.guardian for link in StudentGuardian.objects.filter(student=child)}
    shares = [PaidBy(links[user.pk].sourced_id, Decimal(share)) for user, share in ((mum, 60), (dad, 40))]
    services.set_payers(student=child, payers=shares, by=anton)
    money.billed(campus, by=anton)
    where = f"students/{child.sourced_id}/invoices"
    assert [row["total"] for row in asking(mum).rows(where)] == ["720.00"]
    assert [row["total"] for row in asking(dad).rows(where)] == ["480.00"]
    StudentGuardian.objects.filter(student=child, guardian__user=dad).update(restriction_note="Court order")
    assert asking(dad).get(where).status_code == 404
    # Who works in the office as well, and may give guardians their rights, is no nearer to it.
    RoleAssignment.objects.create(user=dad, role=Role.objects.get(code="registrar"))
    assert asking(dad).get(where).status_code == 404
    stranger = people.a_guardian("stranger", of=[students_in(campus.section)[1]])
    assert asking(stranger).get(where).status_code == 404


def test_a_credit_note_that_is_sent_twice_is_written_once(campus: Campus, child: Student, anton: User) -> None:
    money.billed(campus, by=anton)
    bill = Invoice.objects.get(student=child)
    ask, key, said = asking(anton), {"Idempotency-Key": str(uuid4())}, {"amount": "200.5", "reason": "Closed"}
    where = f"invoices/{bill.sourced_id}/credit-notes"
    answers = [ask.post(where, said, headers=dict(key)) for _each in range(2)]
    assert [(each.status_code, each.json()["credited"]) for each in answers] == [(201, "200.50")] * 2
    assert [row["number"] for row in ask.rows("credit-notes")] == ["2026-000001"]
    assert ask.post(where, said).status_code == 400


def test_the_list_of_bills_takes_as_many_statements_for_one_as_for_fifteen(
    campus: Campus, child: Student, anton: User, query_count: Any
) -> None:
    money.billed(campus, by=anton)
    ask, counts = asking(anton), []
    for address in (f"invoices?student_id={child.sourced_id}", "invoices"):
        with query_count() as counted:
            ask.rows(address)
        counts.append(counted.count)
    assert counts[0] == counts[1]
