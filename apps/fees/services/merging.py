"""What of fees goes along when two records of one child or guardian become one. Bills stay, and are read of both."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from apps.fees.models import Concession, Invoice, Payer, Payment, PaymentIntent, StudentFee
from apps.students.models import Guardian, Student
from apps.students.services import moves_on_merge, moves_with_guardian
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


@moves_with_guardian("payers")
def move_shares(duplicate: Guardian, kept: Guardian) -> Moved:
    """What the duplicate pays for a child; where both pay for one the shares are one, so that they stay whole."""
    own = {each.student_id: each for each in Payer.objects.filter(guardian=kept)}
    theirs = list(Payer.objects.filter(guardian=duplicate))
    for each in theirs:
        if each.student_id in own:
            own[each.student_id].percent += each.percent
            each.delete()
        else:
            each.guardian = kept
            each.save(update_fields=["guardian"])
    for student in own.keys() & {each.student_id for each in theirs}:
        own[student].save(update_fields=["percent"])
    return Moved(len(theirs), 0)


@moves_with_guardian("bills")
def keep_bills_of(duplicate: Guardian, _kept: Guardian) -> Moved:
    """They stay as they were issued, and are the kept record's to read."""
    return Moved(0, Invoice.objects.filter(guardian=duplicate).count())


@moves_with_guardian("payments")
def keep_payments_of(duplicate: Guardian, _kept: Guardian) -> Moved:
    """They stay as their receipts say, and are the kept record's to read."""
    return Moved(0, Payment.objects.filter(guardian=duplicate).count())


@moves_with_guardian("card_payments")
def keep_card_payments_of(duplicate: Guardian, _kept: Guardian) -> Moved:
    """They stay as they were begun."""
    return Moved(0, PaymentIntent.objects.filter(guardian=duplicate).count())
