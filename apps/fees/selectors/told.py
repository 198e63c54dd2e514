"""What is worked out whole, as rows of the API and of files: amounts are texts with the decimals of their currency."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.access.errors import OutOfReach
from apps.access.services import at_campuses
from apps.accounts.models import User
from apps.fees.selectors.drawer import counts_of
from apps.fees.selectors.statements import Statement, cash_book, debtors
from apps.institutions.models import Institution
from apps.students.models import Student
from schoolops import money

AGE_COLUMNS = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
STUDENT_COLUMNS = ("student_id", "given_name", "family_name", "admission_number")
STATEMENT_COLUMNS = ("day", "kind", "number", "student", "amount", "balance", "currency")
DEBTOR_COLUMNS = (*STUDENT_COLUMNS, *AGE_COLUMNS, "overdue", "total", "oldest_due_on", "currency")
CASH_BOOK_COLUMNS = (
    "day", "payment_id", "receipt", "kind", "method", *STUDENT_COLUMNS, "amount", "currency", "reference", "by",
)  # fmt: skip
DRAWER_COLUMNS = (
    "day", "opening", "expected", "counted", "difference", "left", "banked", "currency", "reason", "by",
)  # fmt: skip
Rows = list[dict[str, Any]]


def campus_at(institution: UUID, permission: str, *, by: User) -> Institution:
    """A campus at which ``by`` holds ``permission``. Raises ``PermissionMissing``, ``OutOfReach``."""
    there = Institution.objects.filter(at_campuses(by, permission, "pk"), sourced_id=institution)
    found: Institution | None = there.first()
    if found is None:
        raise OutOfReach
    return found


def _about(student: Student) -> dict[str, Any]:
    return {
        "student_id": student.sourced_id,
        "given_name": student.given_name,
        "family_name": student.family_name,
        "admission_number": student.admission_number,
        "name": student.full_name,
    }


def statement_rows(told: Statement, first: dt.date | None = None, last: dt.date | None = None) -> Rows:
    """The lines of a statement of the days from ``first`` to ``last``; each balance is of everything up to it."""
    currency = told.institution.currency
    return [
        {
            "day": entry.day,
            "kind": entry.kind,
            "number": entry.number,
            "student": entry.student,
            "amount": money.shown(entry.amount, currency),
            "balance": money.shown(entry.balance, currency),
            "currency": currency,
        }
        for entry in told.entries
        if (first or entry.day) <= entry.day <= (last or entry.day)
    ]


def debtor_rows(institution: Institution, day: dt.date, *, by: User) -> Rows:
    """Who is behind on ``day``, who owes most of it first. Raises ``PermissionMissing``, ``OutOfReach``."""

    def shown(amount: Decimal) -> str:
        return money.shown(amount, institution.currency)

    return [
        {
            **_about(debtor.student),
            **dict(zip(AGE_COLUMNS, map(shown, debtor.ages), strict=True)),
            "overdue": shown(debtor.overdue),
            "total": shown(debtor.total),
            "oldest_due_on": debtor.oldest,
            "currency": institution.currency,
        }
        for debtor in debtors(institution, day, by=by)
    ]


def cash_book_rows(institution: Institution, day: dt.date, *, by: User) -> Rows:
    """What came in and went out on ``day``. Raises ``PermissionMissing``, ``OutOfReach``."""
    return [
        {
            "day": day,
            "payment_id": taking.payment,
            "receipt": taking.receipt,
            "kind": taking.kind,
            "method": taking.method,
            **_about(taking.student),
            "amount": money.shown(taking.amount, institution.currency),
            "currency": institution.currency,
            "reference": taking.reference,
            "by": taking.by,
        }
        for taking in cash_book(institution, day, by=by)
    ]


def drawer_rows(
    institution: Institution, first: dt.date | None = None, last: dt.date | None = None, *, by: User
) -> Rows:
    """How the drawer was counted on the days from ``first`` to ``last``, the latest first.

    Raises:
        PermissionMissing, OutOfReach.
    """
    counts = counts_of(institution, first, last, most=None, by=by)
    return [{"currency": institution.currency, **row, "day": dt.date.fromisoformat(row["day"])} for row in counts]
