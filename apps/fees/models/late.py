"""What a campus charges who pays late, and which due day it was charged for."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.fees.models.billing import Instalment, Invoice
from apps.institutions.models import Institution
from schoolops import append_only, money
from schoolops.rows import PublicRow, called


class LateFeeRule(PublicRow):
    """What a campus charges for each instalment that is not paid ``days`` days after its due day.

    That is ``percent`` of what is left of it, or ``amount``; all late fees of a bill come to ``cap`` at most. What was
    due before ``starts_on`` is charged none.
    """

    institution = models.OneToOneField(Institution, on_delete=models.PROTECT, related_name="+")
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    amount = money.column(null=True)
    days = models.PositiveSmallIntegerField()
    cap = money.column()
    currency = models.CharField(max_length=3)
    starts_on = models.DateField()
    # Nothing new is charged by it.
    retired = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, amount__isnull=True)
                | Q(percent__isnull=True, amount__isnull=False) & money.fits(),
                name="late_fee_percent_or_amount",
            ),
            models.CheckConstraint(condition=money.fits("cap"), name="late_fee_cap_fits"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=366), name="late_fee_days"),
        )

    def __str__(self) -> str:
        return str(self.institution)


class LateFee(models.Model):
    """That ``invoice`` asks for the late fee of an instalment of another bill. Once, even where it was made void."""

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, primary_key=True, related_name="late_fee")
    instalment = models.OneToOneField(Instalment, on_delete=models.PROTECT, related_name="late_fee")

    def __str__(self) -> str:
        return called(self.invoice, self.instalment)


append_only.declare("fees_latefee")
