"""Whose money it is: one student at a time, where their money is taken."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Q

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import (
    Account,
    LedgerEntry,
    LedgerTransaction,
    Payment,
)
from apps.institutions.models import Institution
from apps.students.models import Student

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


def campus_for(student: Student, institution: Institution | None, by: User) -> Institution:
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


def payment_for_update(payment: UUID, by: User) -> Payment:
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
