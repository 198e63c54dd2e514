"""Whether books, bills and payments say the same: nothing is found where all is well, and whatever was planted is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import Account, Invoice, LedgerTransaction, Payment, PaymentIntent, Refund
from apps.fees.selectors.reconciling import differences
from apps.fees.services import NewPayment
from apps.fees.services.payments import receive
from apps.students.models import Guardian, Student
from schoolops.context import inside, outside_schools
from schoolops.observability import metrics
from schoolops.tenancy import owner
from schoolops.tenancy.models import School
from tests.factories import money, people
from tests.factories.people import Campus, students_in


def something_of_everything(campus: Campus, anton: User) -> None:
    """Bills, one void and one credited after it was paid, payments of each kind, and what went back of them."""
    child = students_in(campus.section)[0]
    money.an_item(campus, by=anton)
    money.a_concession(campus, child, asked_by=anton, approved_by=people.a_user("hanna", role="head"))
    money.billed(campus, by=anton)
    money.an_item(campus, "80", name="Books", by=anton)
    money.billed(campus, by=anton)
    tuition, books = Invoice.objects.filter(student=child).order_by("number")
    services.void_invoice(invoice=books.sourced_id, reason="Wrong", by=anton)
    money.a_payment(child, "1300", by=anton)
    services.credit_invoice(invoice=tuition.sourced_id, amount=Decimal(100), reason="Away", by=anton)
    cheques = [money.a_payment(child, "50", method="cheque", by=anton) for _each in range(3)]
    services.clear_cheque(payment=cheques[0].sourced_id, by=anton)
    services.refund(payment=cheques[0].sourced_id, amount=Decimal(20), reason="Left", by=anton)
    services.bounce(payment=cheques[1].sourced_id, reason="No funds", by=anton)
    card = money.a_payment(child, "7", method="card", by=anton)
    services.reverse(payment=card.sourced_id, reason="Mistake", by=anton)
    a_card_payment(child, people.a_guardian("mum", of=[child]))
    money.to_the_bank(money.a_chart(campus.institution), "20", by=anton)


def a_card_payment(child: Student, mum: User) -> None:
    """As a gateway has said it."""
    new = NewPayment(amount=Decimal(40), currency="GBP", method="card", reference="so_1", paid_by="Mum")
    paid = receive(student=child, payment=new, by=None)
    PaymentIntent.objects.create(
        institution=child.institution,
        student=child,
        guardian=Guardian.objects.get(user=mum),
        payment=paid,
        by=mum,
        gateway="sandbox",
        reference="so_1",
        state="paid",
        amount=40,
        received=40,
        currency="GBP",
        day=paid.day,
        at=paid.at,
        expires_at=paid.at,
    )


def reconciled(school: School, *more: str) -> tuple[int, str]:
    """What the command answers: its exit code, and what it said."""
    said = io.StringIO()
    try:
        with outside_schools():
            call_command("reconcile_fees", "--school", school.slug, *more, stdout=said)
    except SystemExit as left:
        return int(left.code or 0), said.getvalue()
    return 0, said.getvalue()


def test_nothing_is_found_where_all_is_well(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    something_of_everything(campus, anton)
    assert [str(each) for each in differences()] == []
    assert services.check_books() == 0


_COPY = """
INSERT INTO fees_ledgertransaction (institution_id, day, source_kind, source_id, purpose, memo, legs, by_id, at)
SELECT institution_id, day, source_kind, source_id, {purpose}, 'copy', legs, by_id, at
  FROM fees_ledgertransaction WHERE source_id = '{payment}' AND purpose = 'receive';
INSERT INTO fees_ledgerentry (transaction_id, institution_id, account_id, side, amount, currency, student_id)
SELECT (SELECT id FROM fees_ledgertransaction WHERE memo = 'copy'), e.institution_id, account_id, side, amount,
       currency, student_id
  FROM fees_ledgerentry e JOIN fees_ledgertransaction t ON t.id = e.transaction_id
 WHERE t.source_id = '{payment}' AND t.purpose = 'receive' AND t.memo <> 'copy'
"""
_UNCOPY = """
DELETE FROM fees_ledgerentry WHERE transaction_id = (SELECT id FROM fees_ledgertransaction WHERE memo = 'copy');
DELETE FROM fees_ledgertransaction WHERE memo = 'copy'
"""
_RECEIVED = """
UPDATE fees_ledgerentry SET amount = amount {cent} WHERE id = (
    SELECT max(e.id) FROM fees_ledgerentry e JOIN fees_ledgertransaction t ON t.id = e.transaction_id
     WHERE t.source_id = '{payment}' AND t.purpose = 'receive')
"""
# What somebody with every right did, how it is undone, and what is found: kinds of difference, and of what.
PLANTED: dict[str, tuple[str, str, set[tuple[str, str]]]] = {
    "an entry is raised by a cent": (
        _RECEIVED.replace("{cent}", "+ 0.01"),
        _RECEIVED.replace("{cent}", "- 0.01"),
        {("posted-otherwise", "payment"), ("unbalanced", "payment")},
    ),
    "a fact is posted twice": (
        "ALTER TABLE fees_ledgertransaction DROP CONSTRAINT posted_once;" + _COPY.replace("{purpose}", "purpose"),
        _UNCOPY + "; ALTER TABLE fees_ledgertransaction ADD CONSTRAINT posted_once"
        " UNIQUE (source_kind, source_id, purpose)",
        {("posted-otherwise", "payment")},
    ),
    "a fact is posted again under another name": (
        _COPY.replace("{purpose}", "'again'"),
        _UNCOPY,
        {("posted-otherwise", "payment")},
    ),
    "a receipt is removed": (
        (
            "CREATE TABLE kept AS SELECT * FROM fees_payment WHERE sourced_id = '{payment}';"
            "DELETE FROM fees_payment WHERE sourced_id = '{payment}'"
        ),
        "INSERT INTO fees_payment SELECT * FROM kept; DROP TABLE kept",
        {("number-missing", "receipt"), ("posted-otherwise", "payment")},
    ),
    "a posting is removed": (
        (
            "CREATE TABLE kept AS SELECT e.* FROM fees_ledgerentry e JOIN fees_ledgertransaction t"
            " ON t.id = e.transaction_id WHERE t.source_id = '{refund}';"
            "DELETE FROM fees_ledgerentry WHERE id IN (SELECT id FROM kept)"
        ),
        "INSERT INTO fees_ledgerentry SELECT * FROM kept; DROP TABLE kept",
        {("posted-otherwise", "refund"), ("unbalanced", "refund")},
    ),
    "a number is skipped": (
        "UPDATE fees_series SET last = last + 1 WHERE kind = 'credit-note'",
        "UPDATE fees_series SET last = last - 1 WHERE kind = 'credit-note'",
        {("number-missing", "credit-note")},
    ),
    "more is paid than there is": (
        "UPDATE fees_allocation SET amount = amount + 1000 WHERE id = (SELECT min(id) FROM fees_allocation)",
        "UPDATE fees_allocation SET amount = amount - 1000 WHERE id = (SELECT min(id) FROM fees_allocation)",
        {("bill-overpaid", "invoice"), ("payment-overused", "payment"), ("posted-otherwise", "allocation")},
    ),
    "a bill is raised": (
        "UPDATE fees_invoice SET total = total + 0.01 WHERE number = 1",
        "UPDATE fees_invoice SET total = total - 0.01 WHERE number = 1",
        {("bill-does-not-add-up", "invoice"), ("posted-otherwise", "invoice")},
    ),
    "what a gateway wrote is booked twice": (
        (
            "UPDATE fees_series SET last = last + 1 WHERE kind = 'receipt';"
            "INSERT INTO fees_payment (sourced_id, institution_id, student_id, year, number, method, amount, currency,"
            " day, reference, paid_by, at) SELECT gen_random_uuid(), institution_id, student_id, year,"
            " (SELECT max(last) FROM fees_series WHERE kind = 'receipt'), method, amount, currency, day, reference,"
            " 'twice', at FROM fees_payment WHERE reference = 'so_1';"
            "INSERT INTO fees_ledgertransaction (institution_id, day, source_kind, source_id, purpose, memo, legs, at)"
            " SELECT institution_id, day, source_kind, (SELECT sourced_id FROM fees_payment WHERE paid_by = 'twice'),"
            " purpose, 'copy', legs, at FROM fees_ledgertransaction WHERE purpose = 'receive' AND source_id ="
            " (SELECT sourced_id FROM fees_payment WHERE reference = 'so_1' AND paid_by <> 'twice');"
            "INSERT INTO fees_ledgerentry (transaction_id, institution_id, account_id, side, amount, currency,"
            " student_id) SELECT (SELECT id FROM fees_ledgertransaction WHERE memo = 'copy'), e.institution_id,"
            " account_id, side, amount, currency, student_id FROM fees_ledgerentry e"
            " JOIN fees_ledgertransaction t ON t.id = e.transaction_id"
            " WHERE t.purpose = 'receive' AND t.source_id ="
            " (SELECT sourced_id FROM fees_payment WHERE reference = 'so_1' AND paid_by <> 'twice')"
        ),
        _UNCOPY + ";DELETE FROM fees_payment WHERE paid_by = 'twice';"
        "UPDATE fees_series SET last = last - 1 WHERE kind = 'receipt'",
        {("card-booked-otherwise", "card-payment")},
    ),
    "what a gateway said came in is not booked": (
        "UPDATE fees_paymentintent SET received = received + 5",
        "UPDATE fees_paymentintent SET received = received - 5",
        {("card-booked-otherwise", "card-payment")},
    ),
    "something is in other money": (
        "UPDATE fees_refund SET currency = 'EUR' WHERE sourced_id = '{refund}'",
        "UPDATE fees_refund SET currency = 'GBP' WHERE sourced_id = '{refund}'",
        {("another-currency", "refund")},
    ),
}
_TABLES = (
    "invoice",
    "payment",
    "paymentintent",
    "allocation",
    "refund",
    "ledgertransaction",
    "ledgerentry",
    "series",
    "latefee",
)


def as_the_owner(school: School, statements: str, **ids: UUID) -> None:
    """Past every trigger, as nobody may who uses the programme."""
    with owner.owner_connection() as owning:
        owning.execute(f"SET search_path TO {school.schema_name}".encode())
        for able in ("DISABLE", "ENABLE"):
            for table in _TABLES:
                owning.execute(f"ALTER TABLE fees_{table} {able} TRIGGER USER".encode())
            if able == "DISABLE":
                for statement in statements.format(**ids).split(";"):
                    owning.execute(statement.encode())


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the nightly check told the operators."""
    told: list[int] = []

    def count(metric: Any, *_labels: str, times: int = 1) -> None:
        if metric is metrics.FEES_DIFFERENCES:
            told.append(times)

    monkeypatch.setattr(type(metrics.FEES_DIFFERENCES), "count", count)
    return told


def test_whatever_is_planted_is_named_and_undone_it_is_over(
    fresh_school: Callable[..., School], school_day: Any, counted: list[int]
) -> None:
    school = fresh_school()
    with inside(school):
        campus = people.a_school_year()
        people.some_students(3, section=campus.section)
        money.a_chart(campus.institution)
        something_of_everything(campus, people.a_user("anton", role="accountant"))
        # Nothing pays a bill from it, and nothing of it went back.
        alone = Payment.objects.get(method="cheque", refunds__isnull=True)
        ids = {"payment": alone.sourced_id, "refund": Refund.objects.earliest("pk").sourced_id}
    assert reconciled(school)[0] == 0
    found = {}
    for fault, (do, undo, _expected) in PLANTED.items():
        as_the_owner(school, do, **ids)
        code, said = reconciled(school, "--json")
        with inside(school):
            services.check_books()
        as_the_owner(school, undo, **ids)
        named = json.loads(said)["schools"][0]["differences"]
        assert all(each["id"] and each["campus"] and each["remedy"] for each in named)
        found[fault] = (code, {(each["code"], each["kind"]) for each in named})
    assert found == {fault: (1, expected) for fault, (_do, _undo, expected) in PLANTED.items()}
    # The metric that the alert is about: each night's number of differences.
    assert all(counted)
    assert len(counted) == len(PLANTED)
    code, said = reconciled(school)
    assert (code, said.splitlines()[1:]) == (0, [])
    with inside(school):
        assert LedgerTransaction.objects.count() > len(PLANTED)


def test_a_school_that_is_not_there_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="There is no active school nowhere"), outside_schools():
        call_command("reconcile_fees", "--school", "nowhere")
