"""The chart of accounts of each campus, and through which day its books are closed."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.fees.errors import (
    AccountChargedTo,
    AccountCodeTaken,
    AccountHasEntries,
    AccountNeeded,
    AccountUnknown,
    BooksUnknown,
    PeriodAhead,
    PeriodClosedFurther,
)
from apps.fees.models import Account, Books, FeeItem
from apps.institutions.models import AcademicYear, Institution
from apps.institutions.selectors import today_at
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.folding import fold
from schoolops.seeds import seeds_a_school

Kind, Purpose = Account.Kind, Account.Purpose


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """An account that every campus begins with, because something is posted there by itself."""

    code: str
    name: str
    kind: Account.Kind
    purpose: Account.Purpose


FIRST_ACCOUNTS = (
    FirstAccount("1000", "Cash", Kind.ASSET, Purpose.CASH),
    FirstAccount("1010", "Bank", Kind.ASSET, Purpose.BANK),
    FirstAccount("1020", "Cheques to be cleared", Kind.ASSET, Purpose.CHEQUES),
    FirstAccount("1030", "Card payments to be paid out", Kind.ASSET, Purpose.CARDS),
    FirstAccount("1200", "Fees receivable", Kind.ASSET, Purpose.RECEIVABLE),
    FirstAccount("2100", "Paid ahead by families", Kind.LIABILITY, Purpose.CREDIT),
    FirstAccount("4000", "Tuition and fees", Kind.INCOME, Purpose.FEES),
    FirstAccount("4800", "Late fees", Kind.INCOME, Purpose.LATE_FEES),
    FirstAccount("4900", "Concessions", Kind.INCOME, Purpose.CONCESSIONS),
    FirstAccount("5900", "Cash over and short", Kind.EXPENSE, Purpose.DIFFERENCES),
)


@seeds_a_school(order=50, contents=lambda: FIRST_ACCOUNTS)
def seed_accounts() -> None:
    """Books for each campus, and the accounts it does not have yet. What the school made of those it has stays."""
    campuses = list(Institution.objects.order_by("pk"))
    Books.objects.bulk_create((Books(institution=campus) for campus in campuses), ignore_conflicts=True)
    there = list(Account.objects.values_list("institution", "purpose", "code"))
    has = {(campus, purpose) for campus, purpose, _code in there}
    taken = {(campus, fold(code)) for campus, _purpose, code in there}
    Account.objects.bulk_create(
        (
            Account(
                institution=campus,
                # A school may have given this code to an account of its own.
                code=next(code for code in _codes(first.code) if (campus.pk, fold(code)) not in taken),
                name=first.name,
                kind=first.kind,
                purpose=first.purpose,
                currency=campus.currency,
            )
            for campus in campuses
            for first in FIRST_ACCOUNTS
            if (campus.pk, first.purpose) not in has
        ),
        ignore_conflicts=True,
    )


def _codes(code: str) -> Iterator[str]:
    """``code``, then it with a number after it."""
    yield code
    yield from (f"{code}-{number}" for number in itertools.count(1))


@transaction.atomic
def add_account(*, institution: Institution, values: Mapping[str, Any], by: User) -> Account:
    """Add an account to the chart of a campus, in its currency. ``values`` by field: code, name, kind.

    Raises:
        PermissionMissing, OutOfReach, AccountCodeTaken.
    """
    access.require_at(by, "fees.keep_books", institution)
    account = Account(institution=institution, currency=institution.currency, **values)
    with explains({"account_code_once": lambda: AccountCodeTaken(code=account.code)}):
        account.save(force_insert=True)
    trail.record(by, "fees.account-added", account, after=values)
    return account


@transaction.atomic
def change_account(*, account: UUID, values: Mapping[str, Any], by: User) -> Account:
    """Change an account's code or name; its kind while nothing is posted there; retire it, or have it back.

    Raises:
        PermissionMissing, OutOfReach, AccountUnknown, AccountCodeTaken, AccountNeeded,
        AccountChargedTo, AccountHasEntries.
    """
    access.require(by, "fees.keep_books")
    held = Account.objects.select_for_update(no_key=True, of=("self",)).select_related("institution")
    found = held.filter(sourced_id=account).first()
    if found is None:
        raise AccountUnknown
    access.require_at(by, "fees.keep_books", found.institution)
    before, after = trail.changed(found, values)
    if after.get("retired") and found.purpose:
        raise AccountNeeded(account=found)
    if after.get("retired"):
        items = FeeItem.objects.filter(account=found, retired=False).exclude(year__state=AcademicYear.State.CLOSED)
        if name := items.order_by("name", "pk").values_list("name", flat=True).first():
            raise AccountChargedTo(account=found, item=name)
    if "kind" in after and (found.purpose or found.entries.exists()):
        raise AccountHasEntries(account=found)
    for name, value in after.items():
        setattr(found, name, value)
    if after:
        with explains({"account_code_once": lambda: AccountCodeTaken(code=found.code)}):
            found.save(update_fields=[*after])
        trail.record(by, "fees.account-changed", found, before=before, after=after)
    return found


@transaction.atomic
def close_books(*, institution: Institution, closed_through: dt.date, by: User) -> Books:
    """Close the books of a campus through a day that is over, for good. Waits for what is being posted there.

    Raises:
        PermissionMissing, OutOfReach, BooksUnknown, PeriodAhead, PeriodClosedFurther.
    """
    access.require_at(by, "fees.keep_books", institution)
    if closed_through >= (today := today_at(institution)):
        raise PeriodAhead(today=today)
    found = Books.objects.select_for_update(no_key=True).filter(institution=institution).first()
    if found is None:
        raise BooksUnknown
    if found.closed_through is not None and found.closed_through >= closed_through:
        raise PeriodClosedFurther(through=found.closed_through)
    before = {"closed_through": found.closed_through}
    found.closed_through = closed_through
    found.save(update_fields=["closed_through"])
    trail.record(by, "fees.books-closed", institution, before=before, after={"closed_through": closed_through})
    return found
