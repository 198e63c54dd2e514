"""Giving back what was paid by card, through the gateway that took it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from apps.access import services as access
from apps.accounts.models import User
from apps.fees import errors
from apps.fees.models import CardGateway, Payment, PaymentIntent, Refund
from apps.fees.services.cards.hearing import Asked, book, said_there
from apps.fees.services.cards.setting_up import asked, keys_of
from apps.fees.services.payments import COLLECT
from schoolops import money
from schoolops.gateways.interface import gateway_called
from schoolops.queues.job import calling_outside, finishing


def refund_by_card(*, payment: int, amount: Decimal, reason: str, by_id: int, key: UUID) -> None:
    """Ask the gateway to give back of a payment, once for each ``key``, and book what it says then.

    Raises:
        PermissionMissing, OutOfReach, GatewayNotSet, RefundTooHigh, GatewayAway, KeyRefused, GatewayRefused.
    """
    paid = Payment.objects.select_related("institution").get(pk=payment)
    row = PaymentIntent.objects.get(reference=paid.reference)
    gateway = CardGateway.objects.filter(name=row.gateway).first()
    if gateway is None:
        raise errors.GatewayNotSet
    by = User.objects.get(pk=by_id)
    access.require_at(by, COLLECT, paid.institution)
    if not Refund.objects.filter(sourced_id=key).exists():
        left = row.received - row.returned
        if amount > left:
            raise errors.RefundTooHigh(most=money.shown(left, row.currency))
        there, keys = gateway_called(gateway.name), keys_of(gateway)
        asked(
            gateway,
            lambda: there.give_back(row.reference, amount, row.currency, key=str(key), keys=keys),
            meanwhile=calling_outside,
        )
    said = said_there(row, gateway)
    with finishing():
        book(row, said, Asked(key, reason, by))
