"""What the books hold, whoever writes: each rule is tried by SQL, with the rights of the school."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.fees import services
from apps.fees.errors import (
    AccountKeptByBills,
    LegsRefused,
    PeriodAhead,
    PeriodClosed,
    PeriodClosedFurther,
    PostedAhead,
    PostedAlready,
)
from apps.fees.models import Account, Books, LedgerEntry, LedgerTransaction
from apps.fees.services import HandLeg, Leg, Posting
from apps.institutions import services as institutions
from apps.institutions.errors import CurrencyKept
from schoolops.audit.models import AuditEntry
from schoolops.constraints import violated
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.apps.at_once import at_once
from tests.factories import money, people
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus

YESTERDAY = SCHOOL_DAY - dt.timedelta(days=1)


def a_posting(chart: dict[str, Account], amount: str = "20", *, day: dt.date = SCHOOL_DAY, **more: Any) -> Posting:
    legs = (Leg(chart["bank"], "debit", Decimal(amount)), Leg(chart["cash"], "credit", Decimal(amount)))
    said = {"source_kind": "payment", "source_id": uuid4(), "purpose": "receive", "memo": "", "legs": legs}
    return Posting(day=day, **{**said, **more})


def a_transaction(campus: Campus, legs: int = 2, day: dt.date = SCHOOL_DAY) -> LedgerTransaction:
    """Written past all services."""
    return LedgerTransaction.objects.create(
        institution=campus.institution, day=day, source_kind="x", source_id=uuid4(), purpose="y", legs=legs,
        at=SCHOOL_MOMENT,
    )  # fmt: skip


def an_entry(of: LedgerTransaction, account: Account, side: str, amount: str, **more: Any) -> LedgerEntry:
    said = {"institution": account.institution, "currency": account.currency, **more}
    return LedgerEntry.objects.create(transaction=of, account=account, side=side, amount=amount, **said)


def at_the_end() -> None:
    """What waits for the end of a transaction is asked now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(*works: Callable[[], Any]) -> str | None:
    """The constraint that refuses ``works`` as their transaction ends."""

    def all_of_them() -> None:
        for work in works:
            work()
        at_the_end()

    with pytest.raises(IntegrityError) as wrong, transaction.atomic():
        all_of_them()
    return violated(wrong.value)


# --- the chart --------------------------------------------------------------------------------------------------------
def test_a_campus_begins_with_an_account_of_each_purpose_in_its_currency(chart: dict[str, Account]) -> None:
    assert set(chart) == set(Account.Purpose.values)
    assert {account.currency for account in chart.values()} == {"GBP"}


def test_seeding_again_keeps_what_the_school_made_of_them(campus: Campus, chart: dict[str, Account]) -> None:
    Account.objects.filter(pk=chart["cash"].pk).update(code="1-1", name="Till")
    again = money.a_chart(campus.institution)
    assert len(again) == Account.objects.filter(institution=campus.institution).count() == len(chart)
    assert (again["cash"].code, again["cash"].name) == ("1-1", "Till")


def test_a_campus_that_is_added_has_books_from_the_start(campus: Campus, erin: User) -> None:
    fields = {"name": "Kyoto", "code": "KYO", "timezone": "Asia/Tokyo", "currency": "JPY"}
    added = institutions.add_institution(fields=fields, by=erin)
    assert set(Account.objects.filter(institution=added).values_list("currency", flat=True)) == {"JPY"}
    assert Books.objects.get(institution=added).closed_through is None


def test_a_campus_changes_its_currency_until_something_is_booked(
    campus: Campus, chart: dict[str, Account], erin: User
) -> None:
    institutions.change_institution(institution=campus.institution, fields={"currency": "EUR"}, by=erin)
    chart = money.a_chart(campus.institution)
    assert {account.currency for account in chart.values()} == {"EUR"}
    campus.institution.refresh_from_db()
    money.to_the_bank(chart, "20", by=erin)
    with pytest.raises(CurrencyKept, match="booked at this campus in EUR"):
        institutions.change_institution(institution=campus.institution, fields={"currency": "GBP"}, by=erin)


# --- posting ----------------------------------------------------------------------------------------------------------
def test_what_is_posted_by_hand_stands_in_the_trail(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    money.to_the_bank(chart, "20.5", by=anton)
    at_the_end()
    entry = AuditEntry.objects.get(action="fees.posted-by-hand")
    assert entry.after["legs"] == ["debit 1010 20.50", "credit 1000 20.50"]
    assert list(LedgerEntry.objects.values_list("side", "amount").order_by("id")) == [
        ("debit", Decimal("20.500")),
        ("credit", Decimal("20.500")),
    ]


@pytest.mark.parametrize(
    ("legs", "field", "code"),
    [
        ([("bank", "debit", "20"), ("cash", "credit", "19.99")], "legs", "unbalanced"),
        ([("bank", "debit", "20"), ("cash", "debit", "20")], "legs", "unbalanced"),
        ([("bank", "debit", "0.001"), ("cash", "credit", "0.001")], "legs.0.amount", "too-many-decimals"),
        ([("bank", "debit", "NaN"), ("cash", "credit", "NaN")], "legs.0.amount", "not-a-number"),
        ([("bank", "debit", "-5"), ("cash", "credit", "-5")], "legs.0.amount", "not-above-zero"),
        ([("bank", "debit", "5"), ("other", "credit", "5")], "legs.1.account_id", "unknown"),
    ],
)
def test_legs_that_are_no_transaction_are_refused_by_name(
    campus: Campus, chart: dict[str, Account], anton: User, legs: list[tuple[str, str, str]], field: str, code: str
) -> None:
    chart["other"] = money.a_chart(people.a_school_year().institution)["cash"]
    said = [HandLeg(chart[name].sourced_id, side, Decimal(amount)) for name, side, amount in legs]
    with pytest.raises(LegsRefused) as wrong:
        services.post_by_hand(institution=campus.institution, day=SCHOOL_DAY, memo="x", legs=said, by=anton)
    assert (field, code) in [(each.field, each.code) for each in wrong.value.errors]
    assert not LedgerTransaction.objects.exists()


def test_nothing_is_posted_by_hand_ahead_or_to_what_families_owe(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    with pytest.raises(PostedAhead):
        money.to_the_bank(chart, "5", by=anton, day=SCHOOL_DAY + dt.timedelta(days=1))
    with pytest.raises(AccountKeptByBills):
        money.to_the_bank({**chart, "cash": chart["receivable"]}, "5", by=anton)


def test_a_fact_is_posted_once(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    posting = a_posting(chart)
    services.post(institution=campus.institution, posting=posting, by=anton)
    with pytest.raises(PostedAlready):
        services.post(institution=campus.institution, posting=posting, by=anton)
    assert LedgerTransaction.objects.count() == 1


def test_many_are_posted_in_as_many_statements_as_one(
    campus: Campus, chart: dict[str, Account], anton: User, query_count: Any
) -> None:
    for number in (1, 40):
        postings = [a_posting(chart) for _each in range(number)]
        with query_count(2):
            services.post_all(institution=campus.institution, postings=postings, by=anton)


# --- closing ----------------------------------------------------------------------------------------------------------
def test_a_closed_period_takes_nothing(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    services.close_books(institution=campus.institution, closed_through=YESTERDAY, by=anton)
    with pytest.raises(PeriodClosed, match="closed through 2026-11-03"):
        money.to_the_bank(chart, "5", by=anton, day=YESTERDAY)
    money.to_the_bank(chart, "5", by=anton)
    assert refused(lambda: a_transaction(campus, day=YESTERDAY)) == "fees_posting_in_open_period"


def test_books_are_closed_further_and_never_opened_again(
    campus: Campus, chart: dict[str, Account], anton: User
) -> None:
    close = services.close_books
    with pytest.raises(PeriodAhead):
        close(institution=campus.institution, closed_through=SCHOOL_DAY, by=anton)
    close(institution=campus.institution, closed_through=YESTERDAY, by=anton)
    with pytest.raises(PeriodClosedFurther):
        close(institution=campus.institution, closed_through=YESTERDAY, by=anton)
    books = Books.objects.filter(institution=campus.institution)
    for opened in (None, YESTERDAY - dt.timedelta(days=9)):
        assert refused(lambda opened=opened: books.update(closed_through=opened)) == "fees_books_close_forward"
    assert refused(lambda: books.first().delete()) == "fees_books_close_forward"  # type: ignore[union-attr]


# --- what the database holds ------------------------------------------------------------------------------------------
def test_legs_sum_to_zero(campus: Campus, chart: dict[str, Account]) -> None:
    def unbalanced() -> None:
        made = a_transaction(campus)
        an_entry(made, chart["bank"], "debit", "20.01")
        an_entry(made, chart["cash"], "credit", "20.00")

    assert refused(unbalanced) == "fees_transaction_balances"


def test_legs_are_all_there_from_the_start(campus: Campus, chart: dict[str, Account], anton: User) -> None:
    assert refused(lambda: a_transaction(campus)) == "fees_transaction_balances"
    posted = services.post(institution=campus.institution, posting=a_posting(chart), by=anton)

    def later() -> None:
        an_entry(posted, chart["bank"], "debit", "1")
        an_entry(posted, chart["cash"], "credit", "1")

    assert refused(later) == "fees_transaction_balances"


def test_legs_are_of_one_campus(campus: Campus, chart: dict[str, Account]) -> None:
    other = money.a_chart(people.a_school_year().institution)

    def across() -> None:
        made = a_transaction(campus)
        an_entry(made, chart["bank"], "debit", "20")
        an_entry(made, other["cash"], "credit", "20")

    assert refused(across) == "fees_transaction_balances"


@pytest.mark.parametrize(
    ("amount", "more", "constraint"),
    [
        ("0", {}, "entry_amount_fits"),
        ("-1", {}, "entry_amount_fits"),
        ("NaN", {}, "entry_amount_fits"),
        ("0.005", {}, "entry_amount_fits"),
        ("1", {"side": "both"}, "entry_has_a_side"),
        ("1", {"currency": "EUR"}, "booked_in_currency"),
    ],
)
def test_an_entry_has_an_amount_of_its_account(
    campus: Campus, chart: dict[str, Account], amount: str, more: dict[str, str], constraint: str
) -> None:
    account = chart["cash"]
    said = {"side": "debit", "currency": account.currency, **more}

    def written() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO fees_ledgerentry (transaction_id, institution_id, account_id, side, amount, currency)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [a_transaction(campus).pk, account.institution_id, account.pk, said["side"], amount, said["currency"]],
            )

    assert refused(written) == constraint


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fees_ledgerentry SET amount = amount + 1",
        "DELETE FROM fees_ledgerentry",
        "UPDATE fees_ledgertransaction SET day = day - 1",
        "DELETE FROM fees_ledgertransaction",
        "TRUNCATE fees_ledgerentry",
    ],
)
def test_what_is_posted_stays(campus: Campus, chart: dict[str, Account], anton: User, change: str) -> None:
    money.to_the_bank(chart, "20", by=anton)
    at_the_end()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_fact_posted_by_two_at_once_stands_once(fresh_school: Callable[..., School], school_day: dt.date) -> None:
    school = fresh_school()
    with inside(school):
        campus = people.a_school_year()
        chart = money.a_chart(campus.institution)
        posting = a_posting(chart)
        anton = people.a_user("anton", role="accountant")

    def work() -> Any:
        return services.post(institution=campus.institution, posting=posting, by=anton)

    answers = at_once(school, [work, work], answer=PostedAlready)
    assert sorted(type(each).__name__ for each in answers) == ["LedgerTransaction", "PostedAlready"]
    with inside(school):
        assert LedgerEntry.objects.count() == 2


def test_nothing_slips_into_a_period_while_it_is_closed(
    fresh_school: Callable[..., School], school_day: dt.date
) -> None:
    school = fresh_school()
    with inside(school):
        campus = people.a_school_year()
        chart = money.a_chart(campus.institution)
        anton = people.a_user("anton", role="accountant")

    def post() -> Any:
        posting = a_posting(chart, day=YESTERDAY)
        return services.post(institution=campus.institution, posting=posting, by=anton)

    def close() -> Any:
        return services.close_books(institution=campus.institution, closed_through=YESTERDAY, by=anton)

    answers = at_once(school, [post, close, post, post], answer=PeriodClosed)
    posted = [each for each in answers if isinstance(each, LedgerTransaction)]
    with inside(school):
        assert Books.objects.get(institution=campus.institution).closed_through == YESTERDAY
        assert LedgerTransaction.objects.count() == len(posted)
        # Whoever came first, whoever comes after it is refused.
        with pytest.raises(PeriodClosed):
            post()
