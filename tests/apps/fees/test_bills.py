"""A term is billed as it was confirmed, once, with numbers without gaps; what was issued stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum

from apps.accounts.models import User
from apps.fees import services
from apps.fees.errors import (
    AnotherRun,
    CreditTooHigh,
    DueDaysRefused,
    FeeItemBilled,
    InvoiceSettled,
    InvoiceVoid,
    NothingToBill,
    RunComesToAnother,
    RunNotDraft,
)
from apps.fees.models import (
    Account,
    CreditNote,
    Instalment,
    Invoice,
    InvoiceLine,
    InvoiceRun,
    LedgerEntry,
    LedgerTransaction,
    RunOutcome,
    Series,
)
from apps.fees.selectors.charges import drafts
from apps.fees.services import PaidBy, invoices
from apps.fees.tasks import make_bills
from apps.students.models import Student, StudentGuardian
from schoolops.constraints import violated
from schoolops.context import inside, outside_schools
from schoolops.queues.models import Job
from schoolops.tenancy.models import School
from tests.apps.at_once import at_once
from tests.factories import money, people
from tests.factories.jobs import waiting_jobs, work_off
from tests.factories.money import DUE
from tests.factories.people import SCHOOL_DAY, Campus, students_in
from tests.support.kept import kept

Outcome = RunOutcome.Outcome


@pytest.fixture
def child(campus: Campus, chart: dict[str, Account]) -> Student:
    """Somebody of 7 B."""
    return students_in(campus.section)[0]


@pytest.fixture
@kept
def tuition(campus: Campus, chart: dict[str, Account], anton: User) -> Any:
    """Twelve hundred a term for everybody in grade 7."""
    return money.an_item(campus, by=anton)


def owed(**about: Any) -> Decimal:
    """What stands on the account of what families owe."""
    entries = LedgerEntry.objects.filter(account__purpose="receivable", **about)
    by_side = {side: entries.filter(side=side).aggregate(sum=Sum("amount"))["sum"] or 0 for side in ("debit", "credit")}
    return Decimal(by_side["debit"] - by_side["credit"])


def outcomes(run: InvoiceRun) -> dict[str, int]:
    found: dict[str, int] = {}
    for outcome in RunOutcome.objects.filter(run=run).values_list("outcome", flat=True):
        found[outcome] = found.get(outcome, 0) + 1
    return found


def numbers() -> list[int]:
    return list(Invoice.objects.order_by("number").values_list("number", flat=True))


# --- the run ----------------------------------------------------------------------------------------------------------
def test_a_job_bills_everybody_once_and_the_books_say_so(campus: Campus, tuition: Any, anton: User) -> None:
    run = money.a_run(campus, by=anton)
    assert not Invoice.objects.exists()
    work_off(make_bills)
    run.refresh_from_db()
    assert (run.state, outcomes(run)) == ("done", {"billed": 15})
    assert numbers() == list(range(1, 16))
    assert owed() == 15 * 1200
    income = LedgerEntry.objects.filter(account__purpose="fees", side="credit")
    assert income.aggregate(sum=Sum("amount"))["sum"] == 15 * 1200
    with pytest.raises(NothingToBill):
        money.a_run(campus, by=anton)


def test_what_comes_later_is_billed_by_another_run_alone(campus: Campus, tuition: Any, anton: User) -> None:
    money.billed(campus, by=anton)
    money.an_item(campus, "80", name="Books", by=anton)
    later = money.billed(campus, by=anton)
    assert {invoice.total for invoice in later} == {Decimal(80)}
    assert numbers() == list(range(1, 31))


def test_it_is_confirmed_for_what_it_comes_to(campus: Campus, tuition: Any, anton: User) -> None:
    run = services.begin_run(term=campus.terms[0], due_on=[DUE], by=anton)
    with pytest.raises(RunComesToAnother, match=r"comes to 18000\.00 by now; you confirmed 17999\.99"):
        services.confirm_run(run=run.sourced_id, total=Decimal("17999.99"), by=anton)
    services.confirm_run(run=run.sourced_id, total=Decimal(18000), by=anton)
    with pytest.raises(RunNotDraft):
        services.confirm_run(run=run.sourced_id, total=Decimal(18000), by=anton)
    other = services.begin_run(term=campus.terms[0], due_on=[DUE], by=anton)
    with pytest.raises(AnotherRun):
        services.confirm_run(run=other.sourced_id, total=Decimal(18000), by=anton)


def test_days_when_bills_are_due_are_ahead_and_in_order(campus: Campus, tuition: Any, anton: User) -> None:
    yesterday = SCHOOL_DAY - dt.timedelta(days=1)
    for wrong in ([], [yesterday], [DUE, DUE], [DUE, SCHOOL_DAY]):
        with pytest.raises(DueDaysRefused):
            services.begin_run(term=campus.terms[0], due_on=wrong, by=anton)


def test_who_comes_to_something_else_meanwhile_is_refused_and_stops_nobody(
    campus: Campus, child: Student, tuition: Any, anton: User, alice: User
) -> None:
    run = money.a_run(campus, by=anton)
    money.a_concession(campus, child, asked_by=anton, approved_by=alice)
    services.bill(run.pk)
    assert outcomes(run) == {"billed": 14, "refused": 1}
    row = RunOutcome.objects.get(run=run, student=child)
    assert (row.outcome, row.why) == ("refused", "changed-meanwhile")
    again = money.billed(campus, by=anton)
    assert [(invoice.student_id, invoice.total) for invoice in again] == [(child.pk, Decimal(1080))]


def test_one_who_cannot_be_billed_stops_nobody_and_uses_no_number(
    campus: Campus, child: Student, tuition: Any, anton: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = money.a_run(campus, by=anton)
    invoices_split = invoices.split

    def wrong_for_one(draft: Any, currency: str) -> Any:
        said = invoices_split(draft, currency)
        return [(payer, lines * 2 if draft.student == child.pk else lines) for payer, lines in said]

    monkeypatch.setattr(invoices, "split", wrong_for_one)
    services.bill(run.pk)
    assert outcomes(run) == {"billed": 14, "refused": 1}
    assert RunOutcome.objects.get(run=run, student=child).why == "not-accepted"
    assert numbers() == list(range(1, 15))


def test_a_run_that_was_killed_goes_on_with_who_still_waits(
    campus: Campus, tuition: Any, anton: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = money.a_run(campus, by=anton)
    monkeypatch.setattr("apps.fees.services.runs.CHUNK", 4)
    as_it_is, calls = invoices.post_all, []

    def killed_in_the_third_lot(**said: Any) -> Any:
        calls.append(said)
        if len(calls) == 3:
            raise SystemExit
        return as_it_is(**said)

    monkeypatch.setattr(invoices, "post_all", killed_in_the_third_lot)
    with pytest.raises(SystemExit):
        services.bill(run.pk)
    assert outcomes(run) == {"billed": 8, "waiting": 7}
    services.bill(run.pk)
    assert outcomes(run) == {"billed": 15}
    assert numbers() == list(range(1, 16))
    assert owed() == 15 * 1200


@pytest.mark.parametrize(("part", "most", "billed"), [("A_JOB", 8, 8), ("A_JOB_S", -1.0, 4)])
def test_a_job_that_has_done_its_part_or_used_its_time_leaves_the_rest_to_another(
    campus: Campus, tuition: Any, anton: User, monkeypatch: pytest.MonkeyPatch, part: str, most: float, billed: int
) -> None:
    run = money.a_run(campus, by=anton)
    with outside_schools():
        # As a worker ends a job: with what the job left to be done.
        Job.objects.filter(task=make_bills.name).delete()
    with monkeypatch.context() as small:
        small.setattr("apps.fees.services.runs.CHUNK", 4)
        small.setattr(f"apps.fees.services.runs.{part}", most)
        services.bill(run.pk)
    assert outcomes(run) == {"billed": billed, "waiting": 15 - billed}
    assert waiting_jobs("make_bills") == [{"run": run.pk}]
    work_off(make_bills)
    run.refresh_from_db()
    assert (run.state, outcomes(run)) == ("done", {"billed": 15})


def test_a_lot_takes_as_many_statements_for_four_as_for_fifteen(
    campus: Campus, tuition: Any, anton: User, query_count: Any
) -> None:
    made = list(drafts(campus.terms[0]).values())
    counts = []
    for lot in (made[:4], made[4:]):
        with query_count() as counted:
            services.issue(term=campus.terms[0], drafts=lot, due_on=[DUE], run=None, by=anton)
        counts.append(counted.count)
    assert counts[0] == counts[1]


# --- a bill -----------------------------------------------------------------------------------------------------------
def test_the_last_instalment_takes_what_is_left(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    money.an_item(campus, "100", by=anton)
    days = tuple(DUE + dt.timedelta(days=30 * each) for each in range(3))
    invoice = money.billed(campus, by=anton, due_on=days)[0]
    assert list(invoice.instalments.values_list("due_on", "amount")) == [
        (days[0], Decimal("33.33")),
        (days[1], Decimal("33.33")),
        (days[2], Decimal("33.34")),
    ]


def test_separated_parents_have_a_bill_each(
    campus: Campus, child: Student, tuition: Any, anton: User, alice: User
) -> None:
    for name in ("mum", "dad"):
        people.a_guardian(name, of=[child])
    links = StudentGuardian.objects.filter(student=child).order_by("-pk")[:2]
    shares = [PaidBy(link.guardian.sourced_id, Decimal(share)) for link, share in zip(links, (60, 40), strict=True)]
    services.set_payers(student=child, payers=shares, by=anton)
    money.a_concession(campus, child, asked_by=anton, approved_by=alice)
    bills = [invoice for invoice in money.billed(campus, by=anton) if invoice.student_id == child.pk]
    assert [(bill.guardian_id, bill.total) for bill in bills] == [
        (links[0].guardian_id, Decimal(648)),
        (links[1].guardian_id, Decimal(432)),
    ]
    assert all(bill.bill_to for bill in bills)
    assert owed(student=child) == 1080


def test_a_bill_is_void_before_anything_is_credited_on_it_and_then_billed_again(
    campus: Campus, child: Student, tuition: Any, anton: User
) -> None:
    first = next(invoice for invoice in money.billed(campus, by=anton) if invoice.student_id == child.pk)
    services.void_invoice(invoice=first.sourced_id, reason="Wrong level", by=anton)
    assert owed(student=child) == 0
    with pytest.raises(InvoiceVoid):
        services.credit_invoice(invoice=first.sourced_id, amount=Decimal(1), reason="x", by=anton)
    (again,) = money.billed(campus, by=anton)
    assert (again.student_id, again.number) == (child.pk, 16)
    services.credit_invoice(invoice=again.sourced_id, amount=Decimal(1), reason="x", by=anton)
    with pytest.raises(InvoiceSettled):
        services.void_invoice(invoice=again.sourced_id, reason="x", by=anton)


def test_a_credit_note_asks_for_less_up_to_all_of_it(
    campus: Campus, child: Student, tuition: Any, anton: User, alice: User
) -> None:
    transport = Account.objects.create(
        institution=campus.institution, code="4100", name="Transport", kind="income", currency="GBP"
    )
    money.an_item(campus, "300", name="Bus", account=transport, prorated=False, by=anton)
    bill = next(invoice for invoice in money.billed(campus, by=anton) if invoice.student_id == child.pk)
    services.credit_invoice(invoice=bill.sourced_id, amount=Decimal(500), reason="Closed for a week", by=anton)
    assert owed(student=child) == 1000
    given_back = LedgerEntry.objects.filter(transaction__source_kind="credit-note", side="debit")
    assert dict(given_back.values_list("account__code", "amount")) == {"4000": Decimal(400), "4100": Decimal(100)}
    with pytest.raises(CreditTooHigh, match=r"at most 1000\.00"):
        services.credit_invoice(invoice=bill.sourced_id, amount=Decimal("1000.01"), reason="x", by=anton)
    services.credit_invoice(invoice=bill.sourced_id, amount=Decimal(1000), reason="Left", by=anton)
    assert owed(student=child) == 0
    assert list(CreditNote.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_an_item_that_was_billed_stays_what_it_was(campus: Campus, tuition: Any, anton: User) -> None:
    money.billed(campus, by=anton)
    with pytest.raises(FeeItemBilled):
        services.change_item(item=tuition.sourced_id, values={"term": campus.terms[1]}, by=anton)
    services.change_item(item=tuition.sourced_id, values={"amount": Decimal(1300)}, by=anton)
    assert owed() == 15 * 1200


# --- what the database holds ------------------------------------------------------------------------------------------
AN_INSTALMENT = """
INSERT INTO fees_instalment (invoice_id, due_on, amount, currency) SELECT id, issued_on, 1, currency FROM fees_invoice
"""
A_LINE = """
INSERT INTO fees_invoiceline
       (invoice_id, item_id, account_id, institution_id, student_id, term_id, part, text, amount, currency, standing)
SELECT invoice_id, item_id, account_id, institution_id, student_id, term_id, {part}, text, amount, currency, true
  FROM fees_invoiceline
"""
A_CREDIT_NOTE = """
INSERT INTO fees_creditnote
       (sourced_id, invoice_id, institution_id, year, number, issued_on, amount, currency, reason, by_id)
SELECT gen_random_uuid(), id, institution_id, year, number, issued_on, total + 1, currency, 'x',
       (SELECT min(id) FROM accounts_user)
  FROM fees_invoice
"""


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("UPDATE fees_invoice SET total = total + 1", "fees_invoice_stays"),
        ("UPDATE fees_invoice SET state = 'void', void_reason = 'x', number = 99", "fees_invoice_stays"),
        ("DELETE FROM fees_invoice", "fees_invoice_stays"),
        ("UPDATE fees_invoiceline SET amount = 1", "fees_invoice_line_stays"),
        ("UPDATE fees_invoiceline SET standing = false", "fees_invoice_line_stays"),
        ("DELETE FROM fees_invoiceline", "fees_invoice_line_stays"),
        ("UPDATE fees_series SET last = last - 1", "fees_series_goes_up"),
        ("DELETE FROM fees_series", "fees_series_goes_up"),
        (AN_INSTALMENT, "fees_invoice_adds_up"),
        (A_LINE.format(part="7"), "fees_invoice_adds_up"),
        (A_LINE.format(part="part"), "item_billed_once"),
        (A_CREDIT_NOTE, "fees_credit_within_invoice"),
    ],
)
def test_what_was_issued_stays_whoever_writes(
    campus: Campus, tuition: Any, anton: User, sql: str, constraint: str
) -> None:
    money.billed(campus, by=anton)

    def written() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(sql)

    with pytest.raises(IntegrityError) as wrong, transaction.atomic():
        written()
    assert violated(wrong.value) == constraint


@pytest.mark.parametrize("table", ["fees_instalment", "fees_creditnote"])
def test_the_school_has_no_right_to_change_them(campus: Campus, tuition: Any, anton: User, table: str) -> None:
    money.billed(campus, by=anton)
    for change in (f"UPDATE {table} SET amount = 1", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(change)


# --- at once ----------------------------------------------------------------------------------------------------------
def test_two_jobs_of_one_run_bill_nobody_twice(fresh_school: Callable[..., School], school_day: dt.date) -> None:
    school = fresh_school()
    with inside(school):
        campus = people.a_school_year()
        people.some_students(9, section=campus.section)
        money.a_chart(campus.institution)
        anton = people.a_user("anton", role="accountant")
        money.an_item(campus, by=anton)
        run = money.a_run(campus, by=anton)
    at_once(school, [lambda: services.bill(run.pk)] * 3)
    with inside(school):
        assert numbers() == list(range(1, 10))
        assert outcomes(run) == {"billed": 9}
        assert LedgerTransaction.objects.count() == Invoice.objects.count() == Instalment.objects.count() == 9
        assert InvoiceLine.objects.count() == 9


def test_who_needs_a_number_at_once_has_one_each_and_none_is_lost(
    fresh_school: Callable[..., School], school_day: dt.date
) -> None:
    school = fresh_school()
    with inside(school):
        campus = people.a_school_year()

    def take(*, undone: bool) -> int:
        with transaction.atomic():
            (number,) = services.next_numbers(campus.institution, Series.Kind.RECEIPT, 2026)
            transaction.set_rollback(undone)
        return -number if undone else number

    works = [lambda undone=undone: take(undone=undone) for undone in (False, True, False, True, False, False)]
    found = at_once(school, works)
    assert sorted(number for number in found if number > 0) == [1, 2, 3, 4]
    with inside(school):
        assert Series.objects.get().last == 4
