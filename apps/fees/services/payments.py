"""Money that comes in, pays what is due first, and goes back: each in the books, and with a receipt that has a number.

Who moves money of a student holds the student's row: of two at once the second finds what the first has done.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import (
    Account,
    Allocation,
    Invoice,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    Refund,
    Series,
)
from apps.fees.selectors import payments as selectors
from apps.fees.services.numbers import next_numbers
from apps.fees.services.posting import Leg, Posting, accounts_of, post_all
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock, money
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.constraints import explains
from schoolops.errors import FieldError, SchoolOpsError
from schoolops.ids import uuid7

Debit, Credit = LedgerEntry.Side.DEBIT, LedgerEntry.Side.CREDIT
Source, Purpose, Method = LedgerTransaction.Source, Account.Purpose, Payment.Method
COLLECT = "fees.collect"
# Where money of each kind lies.
INTO: Mapping[str, str] = {
    Method.CASH: Purpose.CASH,
    Method.BANK: Purpose.BANK,
    Method.CHEQUE: Purpose.CHEQUES,
    Method.CARD: Purpose.CARDS,
}


@dataclass(frozen=True, slots=True)
class Pays:
    """Which bill is to be paid, and how much of it."""

    invoice_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What came in.

    ``pays``: which bills; none said: what is due first, and what is left is the student's credit. ``guardian``: whose
    receipt it is, and whose bills (and the family's) it pays unless others are said. ``day`` None: today. ``key``: the
    same payment taken again under it is the one that was taken.
    """

    amount: Decimal
    currency: str
    method: str
    day: dt.date | None = None
    reference: str = ""
    paid_by: str = ""
    guardian: Guardian | None = None
    pays: Sequence[Pays] = ()
    institution: Institution | None = None
    key: UUID | None = None


@transaction.atomic
def take_payment(*, student: Student, payment: NewPayment, by: User) -> Payment:
    """Take money for a student: put against bills, booked, and given a receipt, in one go.

    Raises:
        PermissionMissing, OutOfReach, CurrencyDiffers, AmountRefused, PostedAhead, PeriodClosed, PayerOfAnother,
        PaymentKeyTaken, InvoiceOfAnother, InvoiceTwice, InvoiceVoid, PaysMoreThanLeft, PaysMoreThanThereIs.
    """
    _campus_for(student, payment.institution, by)
    return receive(student=student, payment=payment, by=by)


@transaction.atomic
def receive(*, student: Student, payment: NewPayment, by: User | None) -> Payment:
    """The same, for who has been asked; ``by`` None: a gateway says that it came. Raises the same."""
    campus = payment.institution or student.institution
    money.expect_currency(payment.currency, campus.currency)
    amount = money.checked(payment.amount, campus.currency)
    today = today_at(campus)
    day = payment.day or today
    if day > today:
        raise errors.PostedAhead(today=today)
    student = hold(student)
    if payment.key is not None and (taken := Payment.objects.filter(sourced_id=payment.key).first()):
        return _the_same(taken, student, amount, payment.method)
    _check_guardian(student, payment.guardian)
    bills = list(selectors.bills_of(student, campus).filter(sourced_id__in=[each.invoice_id for each in payment.pays]))
    shares = (
        _named(payment.pays, bills, amount)
        if payment.pays
        else _oldest_first(selectors.due_of(student, campus), amount, payment.guardian)
    )
    row = Payment(
        sourced_id=payment.key or uuid7(),
        institution=campus,
        student=student,
        guardian=payment.guardian,
        year=today.year,
        method=payment.method,
        amount=amount,
        currency=campus.currency,
        day=day,
        reference=payment.reference,
        paid_by=payment.paid_by or (payment.guardian.full_name if payment.guardian else ""),
        by=by,
        at=clock.now(),
    )
    # As late as can be: whoever needs the next one waits until this one commits.
    (row.number,) = next_numbers(campus, Series.Kind.RECEIPT, today.year)
    with explains({"fees_payment_sourced_id_key": errors.PaymentKeyTaken}):
        row.save(force_insert=True)
    accounts = accounts_of(campus)
    legs = [
        Leg(accounts[INTO[row.method]], Debit, amount, student.pk),
        Leg(accounts[Purpose.CREDIT], Credit, amount, student.pk),
    ]
    postings = [Posting(day, Source.PAYMENT, row.sourced_id, "receive", f"Receipt {row.receipt}", legs)]
    postings += _allocated(row, shares, accounts, day)
    post_all(institution=campus, postings=postings, by=by)
    told = {"amount": amount, "method": row.method, "receipt": row.receipt, "pays": _told(shares)}
    trail.record(by or SYSTEM, "fees.payment-taken", student, after=told)
    return row


def _campus_for(student: Student, institution: Institution | None, by: User) -> Institution:
    """Where ``by`` takes a student's money: theirs, or another one where they are enrolled, or a record of theirs is.

    Raises:
        PermissionMissing, OutOfReach: elsewhere the student is nobody.
    """
    campus: Institution = institution or student.institution
    access.require_at(by, COLLECT, campus)
    there = Q(institution=campus) | Q(enrolments__institution=campus)
    if not Student.objects.filter(Q(pk=student.pk) | Q(merged_into=student), there).exists():
        raise OutOfReach
    return campus


def hold(student: Student) -> Student:
    """The record whose bills these are, held until the transaction ends."""
    held = Student.objects.select_for_update(no_key=True, of=("self",)).select_related("institution")
    found: Student = held.get(pk=student.merged_into_id or student.pk)
    return found if found.merged_into_id is None else hold(found)


def _the_same(taken: Payment, student: Student, amount: Decimal, method: str) -> Payment:
    if (taken.student_id, taken.amount, taken.method) != (student.pk, amount, method):
        raise errors.PaymentKeyTaken
    return taken


def _check_guardian(student: Student, guardian: Guardian | None) -> None:
    if guardian is None:
        return
    if not StudentGuardian.objects.filter(selectors.of_student(student), guardian=guardian).exists():
        raise errors.PayerOfAnother


def _oldest_first(due: Iterable[selectors.Due], amount: Decimal, guardian: Guardian | None) -> dict[Invoice, Decimal]:
    """What of ``amount`` pays which bill: instalments by the day they are due; a guardian's no other's bills."""
    shares: dict[Invoice, Decimal] = defaultdict(Decimal)
    for each in due:
        if guardian is not None and each.invoice.guardian_id not in {None, guardian.pk}:
            continue
        part = min(each.amount, amount)
        if part <= 0:
            break
        shares[each.invoice] += part
        amount -= part
    return dict(shares)


def _named(pays: Sequence[Pays], bills: Iterable[Invoice], free: Decimal) -> dict[Invoice, Decimal]:
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


def _at(place: int, name: str, error: SchoolOpsError) -> SchoolOpsError:
    error.errors = (FieldError.of(f"pays.{place}.{name}", error),)
    return error


def _told(shares: Mapping[Invoice, Decimal]) -> list[str]:
    return [f"{bill.called_number} {money.shown(part, bill.currency)}" for bill, part in shares.items()]


def _allocated(
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
    campus = _campus_for(student, institution, by)
    student = hold(student)
    credit = selectors.credit_of(student, campus)
    free = sum((each.amount for each in credit), Decimal(0))
    bills = list(selectors.bills_of(student, campus).filter(sourced_id__in=[each.invoice_id for each in pays]))
    named = _named(pays, bills, free)
    due = selectors.due_of(student, campus)
    accounts, today, used = accounts_of(campus), today_at(campus), Decimal(0)
    postings: list[Posting] = []
    for each in credit:
        shares = _taken(named, each.amount) if pays else _oldest_first(due, each.amount, each.payment.guardian)
        due = _without(due, shares)
        used += sum(shares.values(), Decimal(0))
        postings += _allocated(each.payment, shares, accounts, today)
    if not used:
        raise errors.NoCredit
    post_all(institution=campus, postings=postings, by=by)
    trail.record(by or SYSTEM, "fees.credit-used", student, after={"amount": used})
    return used


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
        postings += _allocated(payment, {invoice: freed}, accounts, day, released=True)
    return postings


# --- what goes back ---------------------------------------------------------------------------------------------------
@transaction.atomic
def refund(
    *, payment: UUID, amount: Decimal, reason: str, method: str | None = None, key: UUID | None = None, by: User
) -> Refund:
    """Give back what of a payment pays no bill: as it came, a cheque from the bank, unless ``method`` is said.

    ``key``: given back again under it, it is what was given back.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, AmountRefused, RefundTooHigh, ChequeNotCleared,
        PaymentKeyTaken.
    """
    found = _payment_for_update(payment, by)
    amount = money.checked(amount, found.currency)
    if key is not None and (given := found.refunds.filter(sourced_id=key, amount=amount).first()):
        return given
    if found.method == Method.CHEQUE and not selectors.is_cleared(found):
        raise errors.ChequeNotCleared
    free = selectors.free_of([found])[found.pk]
    if amount > free:
        raise errors.RefundTooHigh(most=money.shown(free, found.currency))
    went = method or (Method.BANK if found.method == Method.CHEQUE else found.method)
    return _give_back(found, Refund.Kind.REFUND, amount, reason, went, [], by, key=key)


@transaction.atomic
def reverse(*, payment: UUID, reason: str, by: User) -> Refund:
    """Say that a payment never came: the bills it paid are owed again, and what it was is taken out of the books.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, PaymentGoneBack.
    """
    return undo(_payment_for_update(payment, by), Refund.Kind.REVERSAL, reason, by)


@transaction.atomic
def bounce(*, payment: UUID, reason: str, by: User) -> Refund:
    """Say that the bank did not pay a cheque: the bills it paid are owed again.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, NotACheque, PaymentGoneBack.
    """
    found = _payment_for_update(payment, by)
    if found.method != Method.CHEQUE:
        raise errors.NotACheque
    return undo(found, Refund.Kind.BOUNCE, reason, by)


@transaction.atomic
def charge_back(*, payment: UUID, reason: str, amount: Decimal | None = None, by: User) -> Refund:
    """Say that a card's bank took back a payment, or ``amount`` of it: bills it paid are owed again, the latest first.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, NotACard, AmountRefused, PaymentGoneBack.
    """
    found = _payment_for_update(payment, by)
    if found.method != Method.CARD:
        raise errors.NotACard
    taken = None if amount is None else money.checked(amount, found.currency)
    return undo(found, Refund.Kind.CHARGEBACK, reason, by, taken)


@transaction.atomic
def clear_cheque(*, payment: UUID, by: User) -> Payment:
    """Say that the bank has paid a cheque: it lies at the bank now.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, NotACheque, PaymentGoneBack.
    """
    found = _payment_for_update(payment, by)
    if found.method != Method.CHEQUE or selectors.is_cleared(found):
        raise errors.NotACheque
    if found.refunds.exists():
        raise errors.PaymentGoneBack
    accounts = accounts_of(found.institution)
    legs = [
        Leg(accounts[Purpose.BANK], Debit, found.amount, found.student_id),
        Leg(accounts[Purpose.CHEQUES], Credit, found.amount, found.student_id),
    ]
    day, memo = today_at(found.institution), f"Cheque of receipt {found.receipt} cleared"
    posting = Posting(day, Source.PAYMENT, found.sourced_id, "clear", memo, legs)
    post_all(institution=found.institution, postings=[posting], by=by)
    trail.record(by or SYSTEM, "fees.cheque-cleared", found.student, after={"receipt": found.receipt})
    return found


def undo(payment: Payment, kind: str, reason: str, by: User | None, amount: Decimal | None = None) -> Refund:
    """Take back what came in, all or (charged back) ``amount`` of it; its student is held. Raises ``PaymentGoneBack``.

    The bills it paid are owed again, the latest first where it is not all.
    """
    gone = sum((row.amount for row in payment.refunds.all()), Decimal(0))
    rest = payment.amount - gone
    if (kind != Refund.Kind.CHARGEBACK and gone) or not rest:
        raise errors.PaymentGoneBack
    amount = min(amount or rest, rest)
    accounts = accounts_of(payment.institution)
    needed = amount - selectors.free_of([payment])[payment.pk]
    freed = {}
    for bill, part in reversed(selectors.paid_by(payment).items()):
        if needed > 0:
            freed[bill] = min(part, needed)
            needed -= freed[bill]
    postings = _allocated(payment, freed, accounts, today_at(payment.institution), released=True)
    cleared = payment.method == Method.CHEQUE and selectors.is_cleared(payment)
    return _give_back(payment, kind, amount, reason, Method.BANK if cleared else payment.method, postings, by)


def _payment_for_update(payment: UUID, by: User) -> Payment:
    access.require(by, COLLECT)
    row = hold_payment(payment)
    if row is None:
        raise errors.PaymentUnknown
    access.require_at(by, COLLECT, row.institution)
    return row


def hold_payment(payment: UUID) -> Payment | None:
    """A payment whose student is held until the transaction ends."""
    found = Payment.objects.select_related("institution", "student").filter(sourced_id=payment).first()
    if found is not None:
        hold(found.student)
    return found


def _give_back(
    payment: Payment,
    kind: str,
    amount: Decimal,
    reason: str,
    method: str,
    postings: list[Posting],
    by: User | None,
    *,
    key: UUID | None = None,
) -> Refund:
    campus: Institution = payment.institution
    row = Refund(
        sourced_id=key or uuid7(),
        payment=payment,
        kind=kind,
        method=method,
        amount=amount,
        currency=payment.currency,
        day=today_at(campus),
        reason=reason,
        by=by,
    )
    taken = {"payment_reversed_once": errors.PaymentGoneBack, "fees_refund_sourced_id_key": errors.PaymentKeyTaken}
    with explains(taken):
        row.save(force_insert=True)
    accounts = accounts_of(campus)
    legs = [
        Leg(accounts[Purpose.CREDIT], Debit, amount, payment.student_id),
        Leg(accounts[INTO[method]], Credit, amount, payment.student_id),
    ]
    memo = f"{row.get_kind_display()} of receipt {payment.receipt}"
    postings.append(Posting(row.day, Source.REFUND, row.sourced_id, "give-back", memo, legs))
    post_all(institution=campus, postings=postings, by=by)
    told = {"amount": amount, "method": method, "receipt": payment.receipt}
    trail.record(by or SYSTEM, f"fees.payment-{row.kind}", payment.student, after=told, reason=reason)
    return row
