"""What families are told of bills: issued, due soon, overdue; and of what they paid."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from apps.fees.models import Instalment, Invoice, Payment
from apps.fees.selectors.billing import of_bills, whose
from apps.fees.selectors.statements import open_parts
from apps.institutions.models import Institution
from apps.institutions.selectors import today_at
from apps.notifications import services as notifications
from apps.notifications.models import Message
from apps.notifications.services import About, Amount, Fact, Reader, Told
from apps.students.models import StudentGuardian
from schoolops import clock

ISSUED, DUE_SOON, OVERDUE, RECEIPT = "fees.bill-issued", "fees.due-soon", "fees.overdue", "fees.receipt"
# So long before a part of a bill is due; and so far back what nobody was told of is still news.
SOON, NEWS = dt.timedelta(days=7), dt.timedelta(days=2)


@transaction.atomic
def tell_of_money() -> int:
    """Let families be told of their bills and payments of the last days; how many messages that makes.

    Doing it twice tells nobody twice. A dozen statements a campus.
    """
    number = 0
    for campus in Institution.objects.order_by("pk"):
        today = today_at(campus)
        bills = Invoice.objects.filter(institution=campus, state=Invoice.State.ISSUED)
        number += _tell(ISSUED, bills.filter(issued_on__gt=today - NEWS))
        number += _tell_of_parts(DUE_SOON, bills, today, today + SOON)
        number += _tell_of_parts(OVERDUE, bills, today - NEWS, today - dt.timedelta(days=1))
        paid = Payment.objects.filter(institution=campus, at__gt=clock.now() - NEWS, refunds__isnull=True)
        number += _tell(RECEIPT, paid)
    return number


def _tell(fact: str, rows: QuerySet[Any, Any]) -> int:
    found = list(rows.select_related("guardian").order_by("pk"))
    payers = _payers(found)
    return notifications.tell(fact, [_about(row, str(row.sourced_id), payers) for row in found])


def _tell_of_parts(fact: str, bills: QuerySet[Any, Invoice], first: dt.date, last: dt.date) -> int:
    parts = Instalment.objects.filter(invoice__in=bills, due_on__range=(first, last)).values("invoice")
    found = [
        (row, due_on)
        for row, due_on, _amount in open_parts(of_bills(bills.filter(pk__in=parts)).select_related("guardian"))
        if first <= due_on <= last
    ]
    payers = _payers(row for row, _ in found)
    return notifications.tell(fact, [_about(row, f"{row.sourced_id} {due_on}", payers) for row, due_on in found])


def _payers(rows: Iterable[Any]) -> Mapping[int, list[int]]:
    """By student: the guardians who get bills that name nobody."""
    students = {row.student_id for row in rows if row.guardian_id is None}
    found: dict[int, list[int]] = defaultdict(list)
    if students:
        links = StudentGuardian.objects.filter(student__in=students, receives_invoices=True, restriction_note="")
        for student, guardian in links.order_by("pk").values_list("student", "guardian"):
            found[student].append(guardian)
    return found


def _about(row: Any, key: str, payers: Mapping[int, list[int]]) -> About:
    theirs = whose(row)
    guardians = (theirs,) if theirs is not None else tuple(payers.get(row.student_id, ()))
    return About(key=key, student=row.student_id, institution=row.institution_id, guardians=guardians)


# --- what is so as they are sent --------------------------------------------------------------------------------------
def _bills(messages: Sequence[Message]) -> QuerySet[Any]:
    keys = {UUID(each.key[:36]) for each in messages}
    return of_bills(Invoice.objects.filter(sourced_id__in=keys, state=Invoice.State.ISSUED))


def _issued(messages: Sequence[Message]) -> dict[int, Told]:
    rows = {str(row.sourced_id): row for row in _bills(messages)}
    return {
        each.pk: {
            "number": row.called_number,
            "amount": Amount(row.total, row.currency),
            "day": row.first_due_on or row.issued_on,
        }
        for each in messages
        if (row := rows.get(each.key)) is not None
    }


def _open(messages: Sequence[Message]) -> dict[int, Told]:
    parts = {f"{row.sourced_id} {due_on}": (row, due_on, left) for row, due_on, left in open_parts(_bills(messages))}
    return {
        each.pk: {"number": row.called_number, "amount": Amount(left, row.currency), "day": due_on}
        for each in messages
        if each.key in parts
        for row, due_on, left in (parts[each.key],)
    }


def _paid(messages: Sequence[Message]) -> dict[int, Told]:
    keys = {UUID(each.key) for each in messages}
    rows = {str(row.sourced_id): row for row in Payment.objects.filter(sourced_id__in=keys, refunds__isnull=True)}
    return {
        each.pk: {
            "number": f"{row.year}-{row.number:06}",
            "amount": Amount(row.amount, row.currency),
            "day": row.day,
        }
        for each in messages
        if (row := rows.get(each.key)) is not None
    }


_PLACEHOLDERS = {
    "number": gettext_noop("the number of the bill or receipt"),
    "amount": gettext_noop("the amount, with its currency"),
    "day": gettext_noop("the day"),
}


def _fact(code: str, name: str, read: Reader, *, subject: str, text: str, short: str) -> Fact:
    return Fact(
        code=code,
        name=name,
        placeholders=_PLACEHOLDERS,
        subject=subject,
        text=text,
        short=short,
        read=read,
        own=True,
    )


notifications.declare(
    _fact(
        ISSUED, gettext_noop("Bill issued"), _issued,
        subject=gettext_noop("Bill {number} for {children}"),
        text=gettext_noop(
            "Hello {name},\n\nthere is a bill for {children}: {number}, {amount}, due from {day}.\n\n{school}\n{link}"
        ),
        short=gettext_noop("{school}: bill {number} for {children}, {amount}, due from {day}."),
    ),
    _fact(
        DUE_SOON, gettext_noop("Bill due soon"), _open,
        subject=gettext_noop("Bill {number} is due on {day}"),
        text=gettext_noop(
            "Hello {name},\n\n{amount} of bill {number} for {children} is due on {day}.\n\n{school}\n{link}"
        ),
        short=gettext_noop("{school}: {amount} of bill {number} is due on {day}."),
    ),
    _fact(
        OVERDUE, gettext_noop("Bill overdue"), _open,
        subject=gettext_noop("Bill {number} is overdue"),
        text=gettext_noop(
            "Hello {name},\n\n{amount} of bill {number} for {children} was due on {day}.\n\n"
            "If you have paid it meanwhile, thank you: then there is nothing more to do.\n\n{school}\n{link}"
        ),
        short=gettext_noop("{school}: {amount} of bill {number} was due on {day}."),
    ),
    _fact(
        RECEIPT, gettext_noop("Payment received"), _paid,
        subject=gettext_noop("Receipt {number}"),
        text=gettext_noop(
            "Hello {name},\n\nthank you: we received {amount} for {children} on {day}, receipt {number}.\n\n"
            "{school}\n{link}"
        ),
        short=gettext_noop("{school}: we received {amount} for {children}, receipt {number}."),
    ),
)  # fmt: skip
