"""Money that comes in: in the books, against what is due first, and with a receipt that has a number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import (
    Account,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    Series,
)
from apps.fees.selectors import payments as selectors
from apps.fees.services.numbers import next_numbers
from apps.fees.services.payments.allocating import Pays, allocated, named_shares, oldest_first, told_of, within_left
from apps.fees.services.payments.holding import INTO, campus_for, hold, payment_for_update
from apps.fees.services.posting import Leg, Posting, accounts_of, post_all
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.students.models import Guardian, Student, StudentGuardian
from schoolops import clock, money
from schoolops.audit import trail
from schoolops.audit.trail import SYSTEM
from schoolops.constraints import explains
from schoolops.ids import uuid7

Debit, Credit = LedgerEntry.Side.DEBIT, LedgerEntry.Side.CREDIT
Source, Purpose, Method = LedgerTransaction.Source, Account.Purpose, Payment.Method


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What came in.

    ``pays``: which bills; none said: what is due first, and what is left is the student's credit. ``guardian``: whose
    receipt it is, and whose bills (and the family's) it pays unless others are said. ``day`` None: today. ``key``: the
    same payment taken again under it is the one that was taken. ``up_to_left``: of a bill that takes less than was said
    by now it pays what is left, and the rest is credit: money that came cannot be refused.
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
    up_to_left: bool = False


@transaction.atomic
def take_payment(*, student: Student, payment: NewPayment, by: User) -> Payment:
    """Take money for a student: put against bills, booked, and given a receipt, in one go.

    Raises:
        PermissionMissing, OutOfReach, CurrencyDiffers, AmountRefused, PostedAhead, PeriodClosed, PayerOfAnother,
        PaymentKeyTaken, InvoiceOfAnother, InvoiceTwice, InvoiceVoid, PaysMoreThanLeft, PaysMoreThanThereIs.
    """
    campus_for(student, payment.institution, by)
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
    pays = within_left(payment.pays, bills) if payment.up_to_left else payment.pays
    shares = (
        named_shares(pays, bills, amount)
        if payment.pays
        else oldest_first(selectors.due_of(student, campus), amount, payment.guardian)
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
    postings += allocated(row, shares, accounts, day)
    post_all(institution=campus, postings=postings, by=by)
    told = {"amount": amount, "method": row.method, "receipt": row.receipt, "pays": told_of(shares)}
    trail.record(by or SYSTEM, "fees.payment-taken", student, after=told)
    return row


def _the_same(taken: Payment, student: Student, amount: Decimal, method: str) -> Payment:
    if (taken.student_id, taken.amount, taken.method) != (student.pk, amount, method):
        raise errors.PaymentKeyTaken
    return taken


def _check_guardian(student: Student, guardian: Guardian | None) -> None:
    if guardian is None:
        return
    if not StudentGuardian.objects.filter(selectors.of_student(student), guardian=guardian).exists():
        raise errors.PayerOfAnother


@transaction.atomic
def clear_cheque(*, payment: UUID, by: User) -> Payment:
    """Say that the bank has paid a cheque: it lies at the bank now.

    Raises:
        PermissionMissing, OutOfReach, PaymentUnknown, NotACheque, PaymentGoneBack.
    """
    found = payment_for_update(payment, by)
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
