"""What was paid, which bills it pays, and what went back."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.fees.models.billing import Invoice, numbered
from apps.institutions.models import Institution
from apps.students.models import Guardian, Student
from schoolops import append_only, money
from schoolops.privacy import Fate, Held, Kept
from schoolops.rows import PublicRow, called


class Payment(PublicRow):
    """Money that came in for a student, with the number of its receipt. It never changes: what goes back is a refund.

    ``guardian``: whose receipt it is; null: the family's. ``by`` null: a gateway said so.
    """

    class Method(models.TextChoices):
        CASH = "cash"
        BANK = "bank"
        CHEQUE = "cheque"
        CARD = "card"

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, db_index=False, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.PROTECT, db_index=False, related_name="payments")
    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    # Of the receipt.
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    method = models.CharField(max_length=6, choices=Method.choices)
    amount = money.column()
    currency = models.CharField(max_length=3)
    day = models.DateField()
    # A cheque's number, what a transfer said, a slip of the card terminal: two banks give the same ones.
    reference = models.CharField(max_length=80, blank=True)
    paid_by = models.CharField(max_length=302, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    at = models.DateTimeField()

    # As the receipt was printed, the name on it included.
    held: ClassVar[Held] = {
        "student": Kept(law="fees", since=("day",)),
        "guardian": Kept(law="fees", since=("day",)),
        "by": Fate.ACTED,
    }

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("institution", "year", "number"), name="receipt_number_once"),
            models.CheckConstraint(condition=money.fits(), name="payment_amount_fits"),
        )

    def __str__(self) -> str:
        return self.receipt

    @property
    def receipt(self) -> str:
        """The number of its receipt as it is printed: 2026-000123."""
        return numbered(self.year, self.number)


class Allocation(PublicRow):
    """What of a payment pays a bill; ``released``: what does so no more. What is left of payments is credit."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, db_index=False, related_name="allocations")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, db_index=False, related_name="allocations")
    released = models.BooleanField(default=False)
    amount = money.column()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = (models.CheckConstraint(condition=money.fits(), name="allocation_amount_fits"),)

    def __str__(self) -> str:
        return called(self.payment, self.invoice)


class Refund(PublicRow):
    """What of a payment went back: given to the family, or (taken by mistake, bounced, charged back) never theirs.

    ``method``: from where it went.
    """

    class Kind(models.TextChoices):
        REFUND = "refund"
        REVERSAL = "reversal"
        BOUNCE = "bounce"
        CHARGEBACK = "chargeback"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, db_index=False, related_name="refunds")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    method = models.CharField(max_length=6, choices=Payment.Method.choices)
    amount = money.column()
    currency = models.CharField(max_length=3)
    day = models.DateField()
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")

    held: ClassVar[Held] = {"by": Fate.ACTED}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("payment",), condition=~Q(kind="refund"), name="payment_reversed_once"),
            models.CheckConstraint(condition=money.fits(), name="refund_amount_fits"),
            models.CheckConstraint(condition=~Q(reason=""), name="refund_with_reason"),
        )

    def __str__(self) -> str:
        return called(self.payment, self.get_kind_display())


append_only.declare("fees_payment")
append_only.declare("fees_allocation")
append_only.declare("fees_refund")
