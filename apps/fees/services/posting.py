"""Posting: what happened goes into the books once, with all of its legs, or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.fees.errors import AccountKeptByBills, LegsRefused, NoAccountFor, PeriodClosed, PostedAhead, PostedAlready
from apps.fees.models import Account, Books, LedgerEntry, LedgerTransaction
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from schoolops import clock, money
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import FieldError
from schoolops.ids import uuid7
from schoolops.rows import add_many

Side = LedgerEntry.Side
# What only bills and payments post to: what families owe is proved from these.
KEPT = frozenset({Account.Purpose.RECEIVABLE, Account.Purpose.CREDIT})


@dataclass(frozen=True, slots=True)
class Leg:
    """An amount above zero on one side of an account; ``student``: whose, where it is about one."""

    account: Account
    side: str
    amount: Decimal
    student: int | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """A fact for the books: of ``day``, about ``source_id`` of the kind ``source_kind``, once for each ``purpose``."""

    day: dt.date
    source_kind: str
    source_id: UUID
    purpose: str
    memo: str
    legs: Sequence[Leg]


class Chart(dict[str, Account]):
    """The accounts of a campus that are posted to by themselves, by purpose; ``NoAccountFor`` is one that it lacks."""

    def __init__(self, institution: Institution) -> None:
        rows = Account.objects.filter(institution=institution).exclude(purpose="")
        super().__init__({row.purpose: row for row in rows})
        self.campus = institution.name

    def __missing__(self, purpose: str) -> Account:
        raise NoAccountFor(campus=self.campus)


def accounts_of(institution: Institution) -> Chart:
    """The accounts that are posted to by themselves."""
    return Chart(institution)


def post(*, institution: Institution, posting: Posting, by: User | None) -> LedgerTransaction:
    """The same of one."""
    return post_all(institution=institution, postings=[posting], by=by)[0]


@transaction.atomic
def post_all(*, institution: Institution, postings: Sequence[Posting], by: User | None) -> list[LedgerTransaction]:
    """Write ``postings`` into the books of a campus, all or none: two statements for any number of them.

    That its legs sum to zero is the caller's to see to, and the database's to hold.

    Raises:
        PeriodClosed: one is of a day through which the books are closed. PostedAlready: one stands there.
    """
    now = clock.now()
    rows = [
        LedgerTransaction(
            institution=institution,
            day=each.day,
            source_kind=each.source_kind,
            source_id=each.source_id,
            purpose=each.purpose,
            memo=each.memo,
            legs=len(each.legs),
            by=by,
            at=now,
        )
        for each in postings
    ]
    first = min((each.day for each in postings), default=None)
    with explains({"fees_posting_in_open_period": lambda: _closed(institution, first), "posted_once": PostedAlready}):
        LedgerTransaction.objects.bulk_create(rows)
    add_many(
        [
            LedgerEntry(
                transaction_id=row.pk,
                institution_id=institution.pk,
                account_id=leg.account.pk,
                side=leg.side,
                amount=leg.amount,
                currency=leg.account.currency,
                student_id=leg.student,
            )
            for row, each in zip(rows, postings, strict=True)
            for leg in each.legs
        ]
    )
    return rows


def _closed(institution: Institution, day: dt.date | None) -> PeriodClosed:
    return PeriodClosed(through=Books.objects.get(institution=institution).closed_through, day=day)


@dataclass(frozen=True, slots=True)
class HandLeg:
    """A leg as somebody writes it."""

    account_id: UUID
    side: str
    amount: Decimal


@transaction.atomic
def post_by_hand(
    *, institution: Institution, day: dt.date, memo: str, legs: Sequence[HandLeg], by: User
) -> LedgerTransaction:
    """Post what no bill and no payment says: bank charges, cash brought to the bank, a correction.

    Raises:
        PermissionMissing, OutOfReach, PostedAhead, LegsRefused, AccountKeptByBills, PeriodClosed.
    """
    access.require_at(by, "fees.keep_books", institution)
    if day > (today := today_at(institution)):
        raise PostedAhead(today=today)
    accounts = {
        account.sourced_id: account
        for account in Account.objects.filter(
            institution=institution, sourced_id__in=[each.account_id for each in legs]
        )
    }
    if errors := _refused(legs, accounts, institution.currency):
        raise LegsRefused(errors=errors)
    if any(accounts[each.account_id].purpose in KEPT for each in legs):
        raise AccountKeptByBills
    made = [Leg(accounts[each.account_id], each.side, each.amount) for each in legs]
    posting = Posting(day, LedgerTransaction.Source.BY_HAND, uuid7(), "post", memo, made)
    row = post(institution=institution, posting=posting, by=by)
    told = [f"{leg.side} {leg.account.code} {money.shown(leg.amount, leg.account.currency)}" for leg in made]
    trail.record(by, "fees.posted-by-hand", institution, after={"day": day, "memo": memo, "legs": told})
    return row


def _refused(legs: Sequence[HandLeg], accounts: dict[UUID, Account], currency: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for number, leg in enumerate(legs):
        account = accounts.get(leg.account_id)
        if account is None:
            errors.append(FieldError(f"legs.{number}.account_id", "unknown", "This campus has no such account."))
        elif account.retired:
            facts = {"account": str(account)}
            errors.append(FieldError(f"legs.{number}.account_id", "retired", "{account} is out of use.", facts))
        errors += money.why_refused(leg.amount, currency, field=f"legs.{number}.amount")
    if errors:
        return errors
    debit, credit = (sum((leg.amount for leg in legs if leg.side == side), Decimal(0)) for side in Side)
    if debit != credit or len(legs) < 2:
        facts = {"debit": money.shown(debit, currency), "credit": money.shown(credit, currency)}
        errors.append(FieldError("legs", "unbalanced", "{debit} is debited and {credit} credited.", facts))
    return errors
