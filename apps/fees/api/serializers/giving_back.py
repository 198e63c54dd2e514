"""What of a payment goes back."""

from __future__ import annotations

from rest_framework import serializers

from apps.fees.api.serializers.amounts import amount
from apps.fees.api.serializers.billing import ReasonIn
from apps.fees.models import (
    Payment,
    Refund,
)
from schoolops.api.fields import Day


class RefundOut(serializers.Serializer[object]):
    """What of a payment went back."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Refund.Kind.choices)
    method = serializers.ChoiceField(choices=Payment.Method.choices)
    amount = amount()
    day = Day()
    reason = serializers.CharField()


class RefundIn(ReasonIn):
    """What is given back."""

    amount = amount(min_value=0)
    method = serializers.ChoiceField(
        choices=Payment.Method.choices, required=False, help_text="As it came; a cheque from the bank."
    )


class ChargebackIn(ReasonIn):
    """What a card's bank took back."""

    amount = amount(min_value=0, required=False, help_text="All that is left of it, unless said.")
