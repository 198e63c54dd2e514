"""Books, fees and bills for tests."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import Account, Concession, FeeItem, Invoice, InvoiceRun, Payment
from apps.fees.selectors.charges import drafts
from apps.fees.services import HandLeg, NewPayment
from apps.institutions.models import Institution
from apps.students.models import Student
from tests.factories.people import SCHOOL_DAY, Campus


def a_chart(institution: Institution) -> dict[str, Account]:
    """The accounts that a campus begins with, by what is posted there."""
    services.seed_accounts()
    return {account.purpose: account for account in Account.objects.filter(institution=institution).exclude(purpose="")}


def to_the_bank(chart: dict[str, Account], amount: str, *, by: User, day: object = None) -> object:
    """Cash brought to the bank."""
    cash, bank = chart["cash"], chart["bank"]
    legs = [HandLeg(bank.sourced_id, "debit", Decimal(amount)), HandLeg(cash.sourced_id, "credit", Decimal(amount))]
    return services.post_by_hand(
        institution=cash.institution, day=day or SCHOOL_DAY, memo="To the bank", legs=legs, by=by
    )


DUE = SCHOOL_DAY + dt.timedelta(days=30)


def an_item(campus: Campus, amount: str = "1200", *, by: User, name: str = "Tuition", **more: Any) -> FeeItem:
    """An item of the campus's year, of grade 7 unless said."""
    values: dict[str, Any] = {"grade_level": campus.levels[7], "name": name, "amount": Decimal(amount), **more}
    return services.add_item(year=campus.year, values=values, by=by)


def a_concession(
    campus: Campus, student: Student, *, asked_by: User, approved_by: User | None = None, **more: Any
) -> Concession:
    """A tenth for a sibling unless said; approved where somebody does."""
    values = {"ground": "sibling", "reason": "Third child", **more}
    if "amount" not in values:
        values.setdefault("percent", Decimal(10))
    row = services.ask_for_concession(student=student, year=campus.year, values=values, by=asked_by)
    return row if approved_by is None else services.approve_concession(concession=row.sourced_id, by=approved_by)


def begun(campus: Campus, *, by: User, due_on: tuple[dt.date, ...] = (DUE,), term: int = 0) -> InvoiceRun:
    """A run of the first term that nobody has confirmed."""
    return services.begin_run(term=campus.terms[term], due_on=due_on, by=by)


def a_run(campus: Campus, *, by: User, due_on: tuple[dt.date, ...] = (DUE,), term: int = 0) -> InvoiceRun:
    """A run of the first term, confirmed for what it comes to; its job waits."""
    run = begun(campus, by=by, due_on=due_on, term=term)
    total = sum((draft.total for draft in drafts(campus.terms[term]).values()), Decimal(0))
    return services.confirm_run(run=run.sourced_id, total=total, by=by)


def a_payment(student: Student, amount: str, *, by: User, method: str = "cash", **more: Any) -> Payment:
    """Taken for a student, today unless said, against what is due first."""
    currency = more.pop("currency", student.institution.currency)
    new = NewPayment(amount=Decimal(amount), currency=currency, method=method, **more)
    return services.take_payment(student=student, payment=new, by=by)


def billed(campus: Campus, *, by: User, **more: Any) -> list[Invoice]:
    """The bills of a run of the first term."""
    run = a_run(campus, by=by, **more)
    services.bill(run.pk)
    return list(Invoice.objects.filter(run=run).order_by("number"))
