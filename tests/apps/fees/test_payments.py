"""Money is taken once, pays what is due first, and what goes back is written beside it; no rule gives way to SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum

from apps.access.errors import OutOfReach, PermissionMissing
from apps.accounts.models import User
from apps.fees import errors, selectors, services
from apps.fees.models import Account, Allocation, CreditNote, Invoice, LedgerEntry, Payment, Refund, Series
from apps.fees.selectors.ledger import signed
from apps.fees.selectors.reconciling import differences
from apps.fees.services import Pays
from apps.students.models import Guardian, Student
from apps.students.services import merge_students
from schoolops.audit.models import AuditEntry
from schoolops.constraints import violated
from schoolops.context import inside
from schoolops.money import AmountRefused, CurrencyDiffers
from schoolops.tenancy.models import School
from tests.apps.at_once import at_once
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, Campus, students_in
from tests.support.kept import kept

LATER = SCHOOL_DAY + dt.timedelta(days=60)


@pytest.fixture
@kept
def child(campus: Campus, chart: dict[str, Account], anton: User) -> Student:
    """Somebody of 7 B who is billed twelve hundred for tuition, in two parts, and eighty for books."""
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton, due_on=(SCHOOL_DAY, LATER))
    money.an_item(campus, "80", name="Books", by=anton)
    money.billed(campus, by=anton)
    return students_in(campus.section)[0]


def bills(child: Student) -> tuple[Invoice, Invoice]:
    tuition, books = Invoice.objects.filter(student=child).order_by("number")
    return tuition, books


def balance(purpose: str, **about: Any) -> Decimal:
    """What stands on an account, above zero where it is debited."""
    entries = LedgerEntry.objects.filter(account__purpose=purpose, **about)
    return Decimal(entries.aggregate(sum=Sum(signed()))["sum"] or 0)


def left(child: Student) -> list[str]:
    """What is left of tuition and of books."""
    sums = selectors.left_of(bills(child))
    return [f"{sums[bill.pk]:f}".removesuffix(".000") for bill in bills(child)]


def untouched(work: Callable[[], Any], error: type[Exception], match: str | None = None) -> Exception:
    """``work`` is refused and leaves nothing behind."""
    tables = (Payment, Allocation, Refund, LedgerEntry, AuditEntry, Series)

    def said() -> list[Any]:
        return [list(table._default_manager.order_by("pk").values_list()) for table in tables]

    before = said()
    with pytest.raises(error, match=match) as refused:
        work()
    assert said() == before
    return refused.value


# --- taking -----------------------------------------------------------------------------------------------------------
def test_what_is_due_first_is_paid_first_and_the_rest_is_credit(child: Student, anton: User) -> None:
    first = money.a_payment(child, "650", by=anton)
    # The first part of tuition, then books, whose day comes before that of the second part.
    assert left(child) == ["600", "30"]
    assert first.receipt == f"{SCHOOL_DAY.year}-000001"
    second = money.a_payment(child, "700", method="bank", by=anton)
    assert (left(child), second.number) == (["0", "0"], 2)
    assert selectors.free_of([first, second]) == {first.pk: 0, second.pk: 70}
    assert (balance("cash"), balance("bank"), balance("credit")) == (650, 700, -70)
    assert balance("receivable", student=child) == 0


def test_the_bills_that_are_said_are_paid_and_no_others(child: Student, anton: User) -> None:
    tuition, books = bills(child)
    money.a_payment(child, "100", by=anton, pays=[Pays(books.sourced_id, Decimal(30))])
    assert left(child) == ["1200", "50"]
    assert services.allocate(student=child, pays=[Pays(tuition.sourced_id, Decimal(70))], by=anton) == 70
    assert left(child) == ["1130", "50"]
    with pytest.raises(errors.NoCredit):
        services.allocate(student=child, by=anton)


def test_what_was_paid_ahead_pays_the_next_bill(campus: Campus, child: Student, anton: User) -> None:
    money.a_payment(child, "1300", by=anton)
    money.a_payment(child, "50", method="card", by=anton)
    money.an_item(campus, "60", name="Trip", by=anton)
    money.billed(campus, by=anton)
    assert services.allocate(student=child, by=anton) == 60
    assert [each.amount for each in selectors.credit_of(child, child.institution)] == [10]
    assert selectors.due_of(child, child.institution) == []
    assert balance("credit") == -10


def test_a_guardians_money_pays_their_bills_and_never_the_other_parents(campus: Campus, anton: User) -> None:
    money.a_chart(campus.institution)
    child = students_in(campus.section)[0]
    mum, dad = (Guardian.objects.get(user=people.a_guardian(name, of=[child])) for name in ("mum", "dad"))
    shares = [services.PaidBy(mum.sourced_id, Decimal(60)), services.PaidBy(dad.sourced_id, Decimal(40))]
    services.set_payers(student=child, payers=shares, by=anton)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    paid = money.a_payment(child, "500", guardian=dad, by=anton)
    assert paid.paid_by == dad.full_name
    owed = {each.invoice.guardian_id: each.amount for each in selectors.due_of(child, campus.institution)}
    assert owed == {mum.pk: 720}
    with pytest.raises(errors.NoCredit):
        services.allocate(student=child, by=anton)
    stranger = Guardian.objects.get(user=people.a_guardian("stranger", of=[students_in(campus.section)[1]]))
    untouched(lambda: money.a_payment(child, "5", guardian=stranger, by=anton), errors.PayerOfAnother)


def test_a_student_of_elsewhere_is_nobody_at_this_campus(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    there = people.a_school_year(name="Annex", sections=("7 B",))
    money.a_chart(there.institution)
    (stranger,) = people.some_students(1, section=there.section)
    here = campus.institution
    untouched(lambda: money.a_payment(stranger, "5", institution=here, by=anton), OutOfReach)
    untouched(lambda: services.allocate(student=stranger, institution=here, by=anton), OutOfReach)
    assert money.a_payment(stranger, "5", by=anton).institution == there.institution


def test_what_goes_back_under_the_same_key_goes_back_once(child: Student, anton: User) -> None:
    paid, key = money.a_payment(child, "1400", by=anton), uuid4()

    def back(amount: str) -> Refund:
        return services.refund(payment=paid.sourced_id, amount=Decimal(amount), reason="Left", key=key, by=anton)

    assert back("30") == back("30")
    untouched(lambda: back("20"), errors.PaymentKeyTaken)
    assert selectors.free_of([paid]) == {paid.pk: 1400 - 1280 - 30}


def test_what_is_credited_under_the_same_key_is_credited_once(child: Student, anton: User) -> None:
    (tuition, _books), key = bills(child), uuid4()

    def credit(amount: str) -> CreditNote:
        bill = tuition.sourced_id
        return services.credit_invoice(invoice=bill, amount=Decimal(amount), reason="Ill", key=key, by=anton)

    assert credit("30") == credit("30")
    untouched(lambda: credit("20"), errors.PaymentKeyTaken)
    assert left(child) == ["1170", "80"]


def test_a_payment_of_which_a_part_was_charged_back_counts_for_the_rest(child: Student, anton: User) -> None:
    paid = money.a_payment(child, "100", method="card", by=anton)

    def undone() -> str:
        return str(selectors.payments_seen(by=anton).get(pk=paid.pk).undone)

    services.charge_back(payment=paid.sourced_id, amount=Decimal(40), reason="Disputed", by=anton)
    assert undone() == ""
    other = money.a_payment(child, "5", method="card", by=anton)
    services.charge_back(payment=other.sourced_id, reason="Disputed", by=anton)
    assert selectors.payments_seen(by=anton).get(pk=other.pk).undone == "chargeback"


def test_a_payment_under_the_same_key_is_taken_once(campus: Campus, child: Student, anton: User) -> None:
    key = uuid4()
    taken = [money.a_payment(child, "20", key=key, by=anton) for _each in range(2)]
    assert taken[0] == taken[1]
    assert Payment.objects.count() == 1
    untouched(lambda: money.a_payment(child, "21", key=key, by=anton), errors.PaymentKeyTaken)
    other = students_in(campus.section)[1]
    untouched(lambda: money.a_payment(other, "20", key=key, by=anton), errors.PaymentKeyTaken)


def test_two_records_of_one_child_pay_each_others_bills(
    campus: Campus, child: Student, anton: User, erin: User
) -> None:
    keep = students_in(campus.section)[1]
    merge_students(keep=keep, duplicate=child, by=erin)
    money.a_payment(keep, "2500", by=anton)
    assert left(child) == ["0", "0"]
    assert balance("credit") == -2500 + 2560 - 60
    child.refresh_from_db()
    assert money.a_payment(child, "60", by=anton).student == keep


@pytest.mark.parametrize(
    ("said", "error", "field"),
    [
        ({"amount": "20.001"}, AmountRefused, "amount"),
        ({"amount": "0"}, AmountRefused, "amount"),
        ({"amount": "-5"}, AmountRefused, "amount"),
        ({"amount": "NaN"}, AmountRefused, "amount"),
        ({"amount": "Infinity"}, AmountRefused, "amount"),
        ({"amount": "1E+20"}, AmountRefused, "amount"),
        ({"currency": "EUR"}, CurrencyDiffers, ""),
        ({"day": SCHOOL_DAY + dt.timedelta(days=1)}, errors.PostedAhead, ""),
    ],
)
def test_what_is_no_payment_is_refused_and_leaves_nothing(
    child: Student, anton: User, said: dict[str, Any], error: type[Exception], field: str
) -> None:
    refused: Any = untouched(lambda: money.a_payment(child, **{"amount": "20", "by": anton, **said}), error)
    assert [each.field for each in refused.errors] == [field] * bool(field)
    assert refused.remedy or refused.field


def test_what_cannot_be_paid_is_refused_at_its_place(campus: Campus, child: Student, anton: User) -> None:
    tuition, books = bills(child)
    other = Invoice.objects.filter(student=students_in(campus.section)[1]).first()
    assert other is not None
    services.void_invoice(invoice=books.sourced_id, reason="Wrong", by=anton)

    def paying(*pays: tuple[Invoice, str]) -> Callable[[], Any]:
        said = [Pays(bill.sourced_id, Decimal(amount)) for bill, amount in pays]
        return lambda: money.a_payment(child, "1250", pays=said, by=anton)

    for work, error, where in (
        (paying((tuition, "1200.01")), errors.PaysMoreThanLeft, "pays.0.amount"),
        (paying((tuition, "1"), (other, "1")), errors.InvoiceOfAnother, "pays.1.invoice_id"),
        (paying((books, "1")), errors.InvoiceVoid, "pays.0.invoice_id"),
        (paying((tuition, "1"), (tuition, "1")), errors.InvoiceTwice, "pays.1.invoice_id"),
        (paying((tuition, "NaN")), AmountRefused, "pays.0.amount"),
    ):
        refused: Any = untouched(work, error)
        assert [each.field for each in refused.errors] == [where]
        assert refused.remedy
    more = [Pays(tuition.sourced_id, Decimal(1200))]
    untouched(lambda: money.a_payment(child, "1199", pays=more, by=anton), errors.PaysMoreThanThereIs)


def test_a_closed_period_takes_no_payment(campus: Campus, child: Student, anton: User) -> None:
    yesterday = SCHOOL_DAY - dt.timedelta(days=1)
    services.close_books(institution=campus.institution, closed_through=yesterday, by=anton)
    untouched(lambda: money.a_payment(child, "20", day=yesterday, by=anton), errors.PeriodClosed)
    money.a_payment(child, "20", by=anton)


def test_who_may_not_collect_takes_nothing(child: Student, anton: User) -> None:
    head = people.a_user("hanna", role="head")
    paid = money.a_payment(child, "20", by=anton)
    for work in (
        lambda: money.a_payment(child, "20", by=head),
        lambda: services.allocate(student=child, by=head),
        lambda: services.refund(payment=paid.sourced_id, amount=Decimal(1), reason="x", by=head),
        lambda: services.reverse(payment=paid.sourced_id, reason="x", by=head),
        lambda: services.bounce(payment=paid.sourced_id, reason="x", by=head),
        lambda: services.clear_cheque(payment=paid.sourced_id, by=head),
    ):
        untouched(work, PermissionMissing)


# --- what goes back ---------------------------------------------------------------------------------------------------
def test_what_pays_no_bill_is_given_back(child: Student, anton: User) -> None:
    paid = money.a_payment(child, "1300", by=anton)

    def give(amount: str, **more: Any) -> Refund:
        return services.refund(payment=paid.sourced_id, amount=Decimal(amount), reason="Left", by=anton, **more)

    untouched(lambda: give("20.01"), errors.RefundTooHigh, "at most 20.00")
    give("5", method="bank")
    give("15")
    untouched(lambda: give("0.01"), errors.RefundTooHigh)
    assert (balance("cash"), balance("bank"), balance("credit")) == (1285, -5, 0)
    untouched(lambda: services.reverse(payment=paid.sourced_id, reason="x", by=anton), errors.PaymentGoneBack)


def test_a_bill_that_is_credited_after_it_was_paid_leaves_credit(child: Student, anton: User) -> None:
    tuition, _books = bills(child)
    paid = money.a_payment(child, "1280", by=anton)
    untouched(lambda: services.void_invoice(invoice=tuition.sourced_id, reason="x", by=anton), errors.InvoiceSettled)
    services.credit_invoice(invoice=tuition.sourced_id, amount=Decimal(200), reason="Away", by=anton)
    assert (left(child), selectors.free_of([paid])) == (["0", "0"], {paid.pk: 200})
    assert (balance("credit"), balance("receivable", student=child)) == (-200, 0)
    services.refund(payment=paid.sourced_id, amount=Decimal(200), reason="Away", by=anton)
    assert (balance("credit"), balance("cash")) == (0, 1080)


def test_a_payment_that_never_came_leaves_its_bills_owed(child: Student, anton: User) -> None:
    paid = money.a_payment(child, "1300", by=anton)
    services.reverse(payment=paid.sourced_id, reason="Another family's", by=anton)
    assert left(child) == ["1200", "80"]
    assert (balance("cash"), balance("credit"), balance("receivable", student=child)) == (0, 0, 1280)
    untouched(lambda: services.reverse(payment=paid.sourced_id, reason="x", by=anton), errors.PaymentGoneBack)
    untouched(
        lambda: services.refund(payment=paid.sourced_id, amount=Decimal(1), reason="x", by=anton), errors.RefundTooHigh
    )
    # Its number is not given again.
    assert money.a_payment(child, "5", by=anton).number == paid.number + 1
    # Nothing is paid on it any more.
    services.void_invoice(invoice=bills(child)[1].sourced_id, reason="Wrong", by=anton)


def test_what_is_given_back_by_cheque_comes_from_the_bank(child: Student, anton: User) -> None:
    paid = money.a_payment(child, "1300", by=anton)
    given = services.refund(payment=paid.sourced_id, amount=Decimal(20), reason="Too much", method="cheque", by=anton)
    assert given.method == "bank"
    assert (balance("cash"), balance("bank"), balance("cheques")) == (1300, -20, 0)
    assert list(differences()) == []


def test_a_cheque_lies_apart_until_it_clears_or_bounces(child: Student, anton: User) -> None:
    one, other = (money.a_payment(child, "700", method="cheque", by=anton) for _each in range(2))
    assert balance("cheques") == 1400
    refunding = {"payment": other.sourced_id, "amount": Decimal(1), "reason": "x", "by": anton}
    untouched(lambda: services.refund(**refunding), errors.ChequeNotCleared)
    services.clear_cheque(payment=other.sourced_id, by=anton)
    untouched(lambda: services.clear_cheque(payment=other.sourced_id, by=anton), errors.NotACheque)
    services.bounce(payment=one.sourced_id, reason="No funds", by=anton)
    untouched(lambda: services.clear_cheque(payment=one.sourced_id, by=anton), errors.PaymentGoneBack)
    assert (balance("cheques"), balance("bank")) == (0, 700)
    # It went back after the bank had paid it.
    services.bounce(payment=other.sourced_id, reason="Forged", by=anton)
    assert (balance("cheques"), balance("bank"), balance("credit")) == (0, 0, 0)
    cash = money.a_payment(child, "5", by=anton)
    untouched(lambda: services.bounce(payment=cash.sourced_id, reason="x", by=anton), errors.NotACheque)


def test_what_a_cards_bank_takes_back_is_owed_again_the_latest_first(child: Student, anton: User) -> None:
    card = money.a_payment(child, "1290", method="card", by=anton)
    services.refund(payment=card.sourced_id, amount=Decimal(4), reason="Left", by=anton)
    services.charge_back(payment=card.sourced_id, amount=Decimal(86), reason="Stolen", by=anton)
    # Six of it were credit, eighty paid the books.
    assert left(child) == ["0", "80"]
    assert (balance("cards"), balance("credit"), balance("receivable", student=child)) == (1200, 0, 80)
    untouched(lambda: services.charge_back(payment=card.sourced_id, reason="x", by=anton), errors.PaymentGoneBack)
    cash = money.a_payment(child, "5", by=anton)
    untouched(lambda: services.charge_back(payment=cash.sourced_id, reason="x", by=anton), errors.NotACard)


# --- at once ----------------------------------------------------------------------------------------------------------
def test_cashiers_at_once_pay_a_bill_once_and_leave_no_gap(
    fresh_school: Callable[..., School], school_day: dt.date
) -> None:
    school = fresh_school()
    with inside(school):
        campus = people.a_school_year()
        people.some_students(6, section=campus.section)
        money.a_chart(campus.institution)
        anton = people.a_user("anton", role="accountant")
        money.an_item(campus, by=anton)
        bill = money.billed(campus, by=anton)[0]
        students = students_in(campus.section)
        child = bill.student
    said = [Pays(bill.sourced_id, Decimal(1200))]
    works: list[Callable[[], Any]] = [lambda: money.a_payment(child, "1200", pays=said, by=anton)] * 3
    works += [lambda each=each: money.a_payment(each, "20", by=anton) for each in students if each != child]
    found = at_once(school, works, answer=errors.PaysMoreThanLeft)
    taken = [each for each in found if isinstance(each, Payment)]
    assert sorted(each.number for each in taken) == list(range(1, 7))
    (paid,) = [each for each in taken if each.student_id == child.pk]
    works = [
        lambda: services.reverse(payment=paid.sourced_id, reason="x", by=anton),
        lambda: services.credit_invoice(invoice=bill.sourced_id, amount=Decimal(700), reason="x", by=anton),
        lambda: services.refund(payment=paid.sourced_id, amount=Decimal(700), reason="x", by=anton),
        lambda: services.allocate(student=child, by=anton),
    ]
    at_once(school, works, answer=(errors.RefundTooHigh, errors.PaymentGoneBack, errors.NoCredit))
    with inside(school):
        assert balance("receivable", student=child) == selectors.left_of([bill])[bill.pk]
        assert balance("credit") == -sum(selectors.free_of(taken).values())


# --- by SQL, with the rights of the school ----------------------------------------------------------------------------
def refused(work: Callable[[], Any]) -> str | None:
    with pytest.raises(DatabaseError) as wrong, transaction.atomic():
        work()
    return violated(wrong.value)


def test_sql_pays_no_more_than_there_is_on_either_side(campus: Campus, child: Student, anton: User) -> None:
    tuition, books = bills(child)
    paid = money.a_payment(child, "100", by=anton, pays=[Pays(books.sourced_id, Decimal(80))])

    def put(invoice: Invoice, amount: str, **more: Any) -> Callable[[], Any]:
        said = {"currency": "GBP", **more}
        return lambda: Allocation.objects.create(payment=paid, invoice=invoice, amount=Decimal(amount), **said)

    assert refused(put(tuition, "20.01")) == "fees_payment_within"
    assert refused(put(books, "1")) == "fees_allocated_within"
    assert refused(put(tuition, "1", currency="EUR")) == "fees_allocated_within"
    assert refused(put(books, "80.01", released=True)) == "fees_allocated_within"
    assert refused(put(tuition, "0.01", released=True)) == "fees_allocated_within"
    assert refused(put(tuition, "0")) == "allocation_amount_fits"
    services.credit_invoice(invoice=tuition.sourced_id, amount=Decimal(1190), reason="x", by=anton)
    assert refused(put(tuition, "10.01")) == "fees_allocated_within"
    put(tuition, "10")()
    of_another = Invoice.objects.exclude(student=child).latest("pk")
    services.void_invoice(invoice=of_another.sourced_id, reason="x", by=anton)
    assert refused(put(of_another, "1")) == "fees_allocated_within"
    giving = {"payment": paid, "method": "cash", "currency": "GBP", "day": SCHOOL_DAY, "reason": "x"}
    back = lambda **more: Refund.objects.create(**{**giving, "kind": "refund", "amount": Decimal(1), **more})  # noqa: E731
    assert refused(lambda: back(amount=Decimal("10.01"))) == "fees_payment_within"
    assert refused(lambda: back(currency="EUR")) == "fees_payment_within"
    assert refused(lambda: back(reason="")) == "refund_with_reason"
    back(kind="bounce")
    assert refused(lambda: back(kind="chargeback")) == "payment_reversed_once"


def test_sql_gives_no_number_twice_and_credits_and_voids_nothing_that_is_paid(child: Student, anton: User) -> None:
    tuition, books = bills(child)
    paid = money.a_payment(child, "1280", by=anton)
    paid.pk, paid.sourced_id = None, uuid4()
    assert refused(lambda: paid.save(force_insert=True)) == "receipt_number_once"

    def sql(statement: str, *said: Any) -> Callable[[], Any]:
        def run() -> None:
            with connection.cursor() as cursor:
                cursor.execute(statement, said)

        return run

    void = "UPDATE fees_invoice SET state = 'void', void_reason = 'x' WHERE id = %s"
    assert refused(sql(void, books.pk)) == "fees_invoice_stays"
    credited = (
        "INSERT INTO fees_creditnote (sourced_id, invoice_id, institution_id, year, number, issued_on, amount,"
        " currency, reason, by_id) SELECT gen_random_uuid(), id, institution_id, 2026, 77, now(), 1, currency, 'x', %s"
        " FROM fees_invoice WHERE id = %s"
    )
    assert refused(sql(credited, anton.pk, tuition.pk)) == "fees_credit_within_invoice"
    for table in ("payment", "allocation"):
        # Neither right nor trigger: what was paid stays.
        refused(sql(f"UPDATE fees_{table} SET amount = amount + 1"))
        refused(sql(f"DELETE FROM fees_{table}"))
    assert left(child) == ["0", "0"]


def test_what_is_undone_leaves_its_number_to_the_next(child: Student, anton: User) -> None:
    with transaction.atomic():
        money.a_payment(child, "20", by=anton)
        transaction.set_rollback(True)
    assert money.a_payment(child, "20", by=anton).number == 1
