"""What of a payment pays which bill, and what does so no more."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import (
    Account,
    Allocation,
    Invoice,
    LedgerEntry,
    LedgerTransaction,
    Payment,
)
from apps.fees.selectors import payments as selectors
from apps.fees.selectors.billing import whose
from apps.fees.services.payments.holding import campus_for, hold
from apps.fees.services.posting import Leg, Posting, accounts_of, post_all
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.students.models import Guardian, Student
from schoolops import money
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.errors import FieldError, SchoolOpsError

Debit, Credit = LedgerEntry.Side.DEBIT, LedgerEntry.Side.CREDIT
Source, Purpose, Method = LedgerTransaction.Source, Account.Purpose, Payment.Method


@dataclass(frozen=True, slots=True)
class Pays:
    """Which bill is to be paid, and how much of it."""

    invoice_id: UUID
    amount: Decimal


def oldest_first(due: Iterable[selectors.Due], amount: Decimal, guardian: Guardian | None) -> dict[Invoice, Decimal]:
    """What of ``amount`` pays which bill: instalments by the day they are due; a guardian's no other's bills."""
    shares: dict[Invoice, Decimal] = defaultdict(Decimal)
    for each in due:
        if guardian is not None and whose(each.invoice) not in {None, guardian.merged_into_id or guardian.pk}:
            continue
        part = min(each.amount, amount)
        if part <= 0:
            break
        shares[each.invoice] += part
        amount -= part
    return dict(shares)


def named_shares(pays: Sequence[Pays], bills: Iterable[Invoice], free: Decimal) -> dict[Invoice, Decimal]:
    """What was said, checked; what is wrong stands at its place in ``pays``."""
    by_id = {row.sourced_id: row for row in bills}
    left = selectors.left_of(by_id.values())
    shares: dict[Invoice, Decimal] = {}
    for place, each in enumerate(pays):
        bill = by_id.get(each.invoice_id)
        if bill is None:
            raise _at(place, "invoice_id", errors.InvoiceOfAnother())
        if bill.state == Invoice.State.VOID:
            raise _at(place, "invoice_id", errors.InvoiceVoid(number=bill.called_number))
        if bill in shares:
            raise _at(place, "invoice_id", errors.InvoiceTwice(number=bill.called_number))
        part = money.checked(each.amount, bill.currency, field=f"pays.{place}.amount")
        if part > left[bill.pk]:
            rest, given = (money.shown(each, bill.currency) for each in (left[bill.pk], part))
            raise _at(place, "amount", errors.PaysMoreThanLeft(number=bill.called_number, left=rest, given=given))
        shares[bill] = part
    asked = sum(shares.values(), Decimal(0))
    if asked > free:
        currency = next(iter(shares)).currency
        raise errors.PaysMoreThanThereIs(asked=money.shown(asked, currency), free=money.shown(free, currency))
    return shares


def within_left(pays: Sequence[Pays], bills: Iterable[Invoice]) -> list[Pays]:
    """``pays`` as far as bills still take them."""
    by_id = {row.sourced_id: row for row in bills}
    left = selectors.left_of(by_id.values())
    found = [(each, min(each.amount, left[by_id[each.invoice_id].pk])) for each in pays if each.invoice_id in by_id]
    return [Pays(each.invoice_id, part) for each, part in found if part > 0]


def _at(place: int, name: str, error: SchoolOpsError) -> SchoolOpsError:
    error.errors = (FieldError.of(f"pays.{place}.{name}", error),)
    return error


def told_of(shares: Mapping[Invoice, Decimal]) -> list[str]:
    return [f"{bill.called_number} {money.shown(part, bill.currency)}" for bill, part in shares.items()]


def allocated(
    payment: Payment,
    shares: Mapping[Invoice, Decimal],
    accounts: Mapping[str, Account],
    day: dt.date,
    *,
    released: bool = False,
) -> list[Posting]:
    """Write that a payment pays bills (or no longer does), and give what is to be posted of it."""
    rows = [
        Allocation(payment=payment, invoice=bill, amount=part, currency=payment.currency, released=released)
        # One order for everybody: the database holds each bill.
        for bill, part in sorted(shares.items(), key=lambda each: each[0].pk)
    ]
    Allocation.objects.bulk_create(rows)
    ahead, owed = accounts[Purpose.CREDIT], accounts[Purpose.RECEIVABLE]
    sides = (Credit, Debit) if released else (Debit, Credit)
    return [
        Posting(
            # No bill is paid before it is issued.
            max(day, row.invoice.issued_on),
            Source.ALLOCATION,
            row.sourced_id,
            "allocate",
            f"{'No longer for' if released else 'For'} invoice {row.invoice.called_number}",
            [
                Leg(ahead, sides[0], row.amount, payment.student_id),
                Leg(owed, sides[1], row.amount, row.invoice.student_id),
            ],
        )
        for row in rows
    ]


@transaction.atomic
def allocate(
    *, student: Student, pays: Sequence[Pays] = (), institution: Institution | None = None, by: User
) -> Decimal:
    """Put what a student has paid ahead against bills: those said, or what is due first; gives how much it was.

    The oldest payment is used up first. A guardian's pays their bills and the family's; others where they are said.

    Raises:
        PermissionMissing, OutOfReach, NoCredit, InvoiceOfAnother, InvoiceTwice, InvoiceVoid, PaysMoreThanLeft,
        PaysMoreThanThereIs, AmountRefused.
    """
    campus = campus_for(student, institution, by)
    student = hold(student)
    credit = selectors.credit_of(student, campus)
    free = sum((each.amount for each in credit), Decimal(0))
    bills = list(selectors.bills_of(student, campus).filter(sourced_id__in=[each.invoice_id for each in pays]))
    named = named_shares(pays, bills, free)
    due = selectors.due_of(student, campus)
    accounts, today, used = accounts_of(campus), today_at(campus), Decimal(0)
    postings: list[Posting] = []
    for each in credit:
        shares = _taken(named, each.amount) if pays else oldest_first(due, each.amount, each.payment.guardian)
        due = _without(due, shares)
        used += sum(shares.values(), Decimal(0))
        postings += allocated(each.payment, shares, accounts, today)
    if not used:
        raise errors.NoCredit
    post_all(institution=campus, postings=postings, by=by)
    trail.record(by or SYSTEM, "fees.credit-used", student, after={"amount": used})
    return used


def uncovered(student: Student, institution: Institution) -> list[selectors.Due]:
    """What a student owes at a campus beyond what is paid ahead there, were that put against it: five statements."""
    due = selectors.due_of(student, institution)
    for each in selectors.credit_of(student, institution):
        due = _without(due, oldest_first(due, each.amount, each.payment.guardian))
    return due


def _taken(named: dict[Invoice, Decimal], amount: Decimal) -> dict[Invoice, Decimal]:
    """What ``amount`` pays of what was said, and is taken from it."""
    shares = {}
    for bill, part in list(named.items()):
        paid = min(part, amount)
        if paid > 0:
            shares[bill] = paid
            named[bill] -= paid
            amount -= paid
    return shares


def _without(due: Iterable[selectors.Due], shares: Mapping[Invoice, Decimal]) -> list[selectors.Due]:
    """What is left due once ``shares`` are paid, which pay the first instalments of each bill."""
    paid = dict(shares)
    found = []
    for each in due:
        part = min(each.amount, paid.get(each.invoice, Decimal(0)))
        if part:
            paid[each.invoice] -= part
        if each.amount > part:
            found.append(selectors.Due(each.invoice, each.due_on, each.amount - part))
    return found


def release(invoice: Invoice, amount: Decimal) -> list[Posting]:
    """Let ``amount`` of what pays a bill be credit again, the latest payment first; its student is held."""
    accounts, day = accounts_of(invoice.institution), today_at(invoice.institution)
    postings: list[Posting] = []
    for payment, part in selectors.payers_to(invoice):
        freed = min(part, amount)
        if freed <= 0:
            break
        amount -= freed
        postings += allocated(payment, {invoice: freed}, accounts, day, released=True)
    return postings
