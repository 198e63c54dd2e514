"""What of fees goes along when two records of one child become one. Bills and payments stay, and are read of both."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from apps.fees.models import Concession, Invoice, Payer, Payment, PaymentIntent, StudentFee
from apps.students.models import Student
from apps.students.services import moves_on_merge
from apps.students.services.merging import Moved


def _moved(rows: QuerySet[Any], had: QuerySet[Any], kept: Student) -> Moved:
    """Move ``rows``, but those that the kept record has the like of."""
    moved = rows.filter(pk__in=list(rows.exclude(Exists(had)).values_list("pk", flat=True))).update(student=kept)
    return Moved(moved, rows.count())


@moves_on_merge("fee_choices", of=StudentFee)
def move_choices(duplicate: Student, kept: Student) -> Moved:
    """What the duplicate has or opted out of; about an item of which the kept record says something, that counts."""
    had = StudentFee.objects.filter(student=kept, item=OuterRef("item"))
    return _moved(StudentFee.objects.filter(student=duplicate), had, kept)


@moves_on_merge("concessions", of=Concession)
def move_concessions(duplicate: Student, kept: Student) -> Moved:
    """What the duplicate is let off; not twice on one ground, which would be more than anybody approved."""
    had = Concession.objects.filter(student=kept, year=OuterRef("year"), ground=OuterRef("ground"), ended_at=None)
    return _moved(Concession.objects.filter(student=duplicate), had, kept)


@moves_on_merge("payers", of=Payer)
def move_payers(duplicate: Student, kept: Student) -> Moved:
    """Who pays for the duplicate, all of them together, unless somebody was said for the kept record."""
    return _moved(Payer.objects.filter(student=duplicate), Payer.objects.filter(student=kept), kept)


@moves_on_merge("bills", of=Invoice)
def keep_bills(duplicate: Student, _kept: Student) -> Moved:
    """They stay as they were issued."""
    return Moved(0, Invoice.objects.filter(student=duplicate).count())


@moves_on_merge("payments", of=Payment)
def keep_payments(duplicate: Student, _kept: Student) -> Moved:
    """They stay as their receipts say."""
    return Moved(0, Payment.objects.filter(student=duplicate).count())


@moves_on_merge("card_payments", of=PaymentIntent)
def keep_card_payments(duplicate: Student, _kept: Student) -> Moved:
    """They stay as they were begun; what comes of them is booked for the record that is kept."""
    return Moved(0, PaymentIntent.objects.filter(student=duplicate).count())
