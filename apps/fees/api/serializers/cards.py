"""Card payments through a gateway."""

from __future__ import annotations

from rest_framework import serializers

from apps.fees.api.serializers.amounts import amount
from apps.fees.models import PaymentIntent
from schoolops.api.fields import Day


class PaymentIntentIn(serializers.Serializer[object]):
    """What is to be paid by card."""

    student_id = serializers.UUIDField()
    invoice_id = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="A bill of one's own or the family's; none: what is due of those.",
    )
    amount = amount(min_value=0, required=False, allow_null=True, help_text="As much as is left, unless said.")
    return_url = serializers.CharField(
        max_length=500, help_text="An address of the school, to which the browser comes back with `payment_intent`."
    )


class PaymentIntentOut(serializers.Serializer[object]):
    """What was begun. `paid` once the gateway has said so; then `payment_id` is its receipt's."""

    id = serializers.UUIDField()
    student_id = serializers.UUIDField()
    invoice_id = serializers.UUIDField(allow_null=True)
    payment_id = serializers.UUIDField(allow_null=True)
    state = serializers.ChoiceField(choices=PaymentIntent.State.choices)
    currency = serializers.CharField()
    day = Day()
    expires_at = serializers.DateTimeField()
    amount = amount()


class PaymentIntentBegunOut(PaymentIntentOut):
    """With the page on which it is paid."""

    checkout_url = serializers.CharField(help_text="For the payer's browser, which needs no login there.")


class CardGatewayIn(serializers.Serializer[object]):
    """Which gateway takes cards for the school."""

    gateway = serializers.CharField(max_length=20, help_text="One of `offered`.")
    taking = serializers.BooleanField(default=True, help_text="Whether payments are begun.")
    secret = serializers.CharField(
        max_length=255, required=False, allow_blank=True, help_text="The school's secret key there. Empty: as before."
    )
    signing = serializers.CharField(
        max_length=255,
        required=False,
        allow_blank=True,
        help_text="The secret that the gateway signs its messages with. Empty: as before.",
    )


class CardGatewayOut(serializers.Serializer[object]):
    """Which gateway takes cards for the school. Its keys are not shown again."""

    gateway = serializers.CharField(help_text="Empty: none.")
    taking = serializers.BooleanField()
    failing_since = serializers.DateTimeField(allow_null=True, help_text="Null: it answers.")
    offered = serializers.ListField(child=serializers.CharField(), help_text="What this installation has.")
    events_url = serializers.CharField(help_text="Where the gateway is to write to.")
