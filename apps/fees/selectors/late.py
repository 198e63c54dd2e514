"""Rules of late fees, and what is late by them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Sum

from apps.access.services import Asking, at_campuses
from apps.fees.models import Allocation, Instalment, Invoice, LateFee, LateFeeRule, Refund
from apps.fees.selectors.billing import VIEW, of_bills
from apps.fees.selectors.payments import of_student, sum_of
from apps.fees.selectors.statements import open_parts
from apps.students.models import Student


def late_fee_rules_seen(*, by: Asking, permission: str = VIEW) -> QuerySet[Any]:
    """The rules of the campuses in reach."""
    return LateFeeRule.objects.filter(at_campuses(by, permission, "institution"))


def late_fees_of(invoice: Invoice) -> list[LateFee]:
    """What was charged because a bill was late, in the order of its due days. One query."""
    of = LateFee.objects.filter(instalment__invoice=invoice).select_related("invoice", "instalment")
    return list(of.order_by("instalment__due_on"))


def late_with(rule: LateFeeRule, day: dt.date) -> list[Student]:
    """The students who may be charged a late fee on ``day``: with a bill that is open and was due."""
    bills = _late(rule, day).filter(left_sum__gt=0).values("student")
    return list(Student.objects.filter(pk__in=bills).order_by("pk"))


def late_parts(rule: LateFeeRule, day: dt.date, student: Student) -> list[tuple[Any, Instalment, Decimal]]:
    """What of a student's instalments is late on ``day`` and was not charged for: bill, instalment, what is left.

    The oldest first. ``student``: who is no other's record.
    """
    bills = _late(rule, day).filter(of_student(student)).select_related("institution", "term", "guardian__user")
    left = {(bill.pk, due_on): (bill, amount) for bill, due_on, amount in open_parts(bills)}
    parts = _due(rule, day).filter(invoice__in={key for key, _day in left}).order_by("due_on", "pk")
    return [
        (left[part.invoice_id, part.due_on][0], part, left[part.invoice_id, part.due_on][1])
        for part in parts
        if (part.invoice_id, part.due_on) in left
    ]


def _due(rule: LateFeeRule, day: dt.date) -> QuerySet[Any]:
    """Instalments that a rule charges for by ``day``, if they are not paid, and has not yet."""
    days = (rule.starts_on, day - dt.timedelta(days=rule.days))
    return Instalment.objects.filter(due_on__range=days, late_fee__isnull=True)


def _late(rule: LateFeeRule, day: dt.date) -> QuerySet[Any]:
    """Bills of a campus with such an instalment, each with ``charged_sum``, which is below the rule's cap.

    No late fees themselves, and none that somebody disputes.
    """
    disputed = Refund.objects.filter(kind=Refund.Kind.CHARGEBACK).values("payment")
    there = Invoice.objects.filter(institution=rule.institution_id, state=Invoice.State.ISSUED)
    charged = sum_of(LateFee.objects.all(), "instalment__invoice", Sum("invoice__total"))
    return of_bills(
        there.annotate(charged_sum=charged).filter(
            Exists(_due(rule, day).filter(invoice=OuterRef("pk"))),
            ~Exists(LateFee.objects.filter(invoice=OuterRef("pk"))),
            ~Exists(Allocation.objects.filter(invoice=OuterRef("pk"), payment__in=disputed)),
            charged_sum__lt=rule.cap,
        )
    )
