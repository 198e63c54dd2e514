"""The end of a cashier's day: the drawer is counted, what differs is booked, what does not stay goes to the bank."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import Account, Books, LedgerEntry, LedgerTransaction
from apps.fees.selectors.drawer import COUNTED, counted_on, drawer_of
from apps.fees.services.payments import COLLECT
from apps.fees.services.posting import Leg, Posting, accounts_of, post_all
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from schoolops import money
from schoolops.audit import trail

Debit, Credit = LedgerEntry.Side.DEBIT, LedgerEntry.Side.CREDIT
Purpose = Account.Purpose


@transaction.atomic
def count_drawer(*, institution: Institution, counted: Decimal, left: Decimal, reason: str = "", by: User) -> Decimal:
    """Close a cashier's day, once a day: ``counted`` lies in the drawer, ``left`` stays there and the rest is banked.

    What was counted more or less than the books say is booked as a difference, with a ``reason``; gives it.

    Raises:
        PermissionMissing, OutOfReach, AmountRefused, DrawerCounted, LeavesMoreThanCounted, DifferenceNeedsReason,
        PeriodClosed.
    """
    access.require_at(by, COLLECT, institution)
    currency = institution.currency
    counted = money.checked(counted, currency, field="counted", zero=True)
    left = money.checked(left, currency, field="left", zero=True)
    if left > counted:
        raise errors.LeavesMoreThanCounted(counted=money.shown(counted, currency))
    # Of two who close at once the second finds that it is done.
    Books.objects.select_for_update(no_key=True).filter(institution=institution).first()
    day = today_at(institution)
    if counted_on(institution, day):
        raise errors.DrawerCounted(day=day)
    drawer = drawer_of(institution, day)
    difference = counted - drawer.expected
    if difference and not reason:
        raise errors.DifferenceNeedsReason(expected=money.shown(drawer.expected, currency))
    accounts = accounts_of(institution)
    cash, postings = accounts[Purpose.CASH], []

    def book(purpose: str, amount: Decimal, into: Account, memo: str) -> None:
        """``amount`` out of the drawer; below zero, into it."""
        sides = (Debit, Credit) if amount > 0 else (Credit, Debit)
        legs = [Leg(into, sides[0], abs(amount)), Leg(cash, sides[1], abs(amount))]
        source = LedgerTransaction.Source.DRAWER
        postings.append(Posting(day, source, institution.sourced_id, f"{purpose}{day:%y%m%d}", memo, legs))

    if difference:
        book("count-", -difference, accounts[Purpose.DIFFERENCES], "Cash over and short")
    if banked := counted - left:
        book("bank-", banked, accounts[Purpose.BANK], "Cash brought to the bank")
    post_all(institution=institution, postings=postings, by=by)
    amounts = {
        "opening": drawer.opening, "expected": drawer.expected, "counted": counted, "difference": difference,
        "left": left, "banked": banked,
    }  # fmt: skip
    told = {name: money.shown(amount, currency) for name, amount in amounts.items()}
    trail.record(by, COUNTED, institution, after={"day": day.isoformat(), **told}, reason=reason)
    return difference
