"""Card payments through a gateway: which one a school has, what somebody began to pay, and what the gateway wrote."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.fees.models.billing import Invoice
from apps.fees.models.payments import Payment
from apps.institutions.models import Institution
from apps.students.models import Guardian, Student
from schoolops import money
from schoolops.privacy import Fate, Held, Kept
from schoolops.rows import PublicRow, called


class CardGateway(models.Model):
    """The school's card gateway, ``PRESENT``, and those that took its cards before: what was begun there ends there.

    ``sealed``: its keys, which the database cannot read.
    ``taking``: whether new payments are begun. ``heard_until``: up to when it was asked what it had written.
    ``failing_since``: when it was last asked in vain; null: it answers.
    """

    PRESENT: ClassVar[int] = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=PRESENT)
    name = models.CharField(max_length=20)
    sealed = models.BinaryField()
    taking = models.BooleanField(default=True)
    heard_until = models.DateTimeField()
    failing_since = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1) | Q(taking=False), name="card_gateway_one_takes"),)

    def __str__(self) -> str:
        return self.name


class PaymentIntent(PublicRow):
    """What somebody began to pay by card, of one bill (null: of whatever is due). Once paid, it stays paid.

    ``reference``: the gateway's name for it, empty until its page was asked for; ``also``: another one.
    ``received``, ``returned``: what the gateway says came in, and what of it went back and has not come back again.
    ``asked_back``: what it is asked to give back and has not yet; null: nothing. ``asked_under``, ``asked_at``: the key
    and moment of the last that somebody asked for, there or another way; the job of an earlier one gives nothing.
    """

    class State(models.TextChoices):
        OPEN = "open"
        PAID = "paid"
        FAILED = "failed"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="+")
    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, db_index=False, related_name="+")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, related_name="intent")
    by = models.ForeignKey(User, on_delete=models.PROTECT, db_index=False, related_name="+")
    gateway = models.CharField(max_length=20)
    reference = models.CharField(max_length=80, blank=True)
    also = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    amount = money.column()
    received = money.column(default=0)
    returned = money.column(default=0)
    asked_back = money.column(null=True)
    asked_under = models.UUIDField(null=True)
    asked_at = models.DateTimeField(null=True)
    currency = models.CharField(max_length=3)
    # Where the payer's browser goes in the end: an address of the school.
    back_to = models.CharField(max_length=500)
    day = models.DateField()
    at = models.DateTimeField()
    expires_at = models.DateTimeField()

    held: ClassVar[Held] = {
        "student": Kept(law="fees", since=("day",)),
        "guardian": Kept(law="fees", since=("day",)),
        "by": Fate.ACTED,
    }

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("reference",), condition=~Q(reference=""), name="intent_reference_once"),
            models.UniqueConstraint(fields=("also",), condition=~Q(also=""), name="intent_also_once"),
            models.CheckConstraint(condition=money.fits(), name="intent_amount_fits"),
            models.CheckConstraint(
                condition=Q(state="paid", payment__isnull=False, received__gt=0)
                | ~Q(state="paid") & Q(payment__isnull=True, received=0),
                name="intent_paid_is_booked",
            ),
        )

    def __str__(self) -> str:
        return called(self.student, self.day)


class GatewayEvent(models.Model):
    """That the gateway wrote something about a payment, once for each of its ids. ``worked_at`` null: a job will."""

    event = models.CharField(max_length=80)
    kind = models.CharField(max_length=80)
    intent = models.ForeignKey(PaymentIntent, on_delete=models.CASCADE, db_index=False, related_name="events")
    at = models.DateTimeField()
    worked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("event",), name="gateway_event_once"),)

    def __str__(self) -> str:
        return called(self.kind, self.event)
