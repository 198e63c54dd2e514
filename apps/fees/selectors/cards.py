"""Card payments, as they are read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.fees.models import CardGateway, Payment, PaymentIntent
from schoolops import clock
from schoolops.gateways.interface import offered

# By then the gateway has said what it did, or a person was told that it was never asked.
_ASKED_FOR: Final = dt.timedelta(days=3)


def intents_begun(*, by: User) -> QuerySet[Any]:
    """What ``by`` began to pay. Raises ``PermissionMissing``."""
    access.require(by, "fees.follow")
    return PaymentIntent.objects.filter(by=by)


def intent_of(payment: Payment) -> PaymentIntent | None:
    """As what a card gateway said that a payment came, and so says what becomes of it. ``None``: somebody took it."""
    # What they typed as its reference says nothing. Payments never change: ``by`` stays what it was.
    if payment.by_id is not None or payment.method != Payment.Method.CARD:
        return None
    return PaymentIntent.objects.exclude(reference="").filter(reference=payment.reference).first()


def under_way(intent: PaymentIntent | None) -> Decimal:
    """What a gateway is asked to give back and has not said of yet."""
    if intent is None or intent.asked_back is None or intent.asked_at is None:
        return Decimal(0)
    return intent.asked_back if intent.asked_at > clock.now() - _ASKED_FOR else Decimal(0)


def takes_cards() -> bool:
    """Whether the school takes card payments over the web."""
    return CardGateway.objects.filter(taking=True).exists()


def card_gateway(*, by: User) -> dict[str, Any]:
    """Which gateway the school has, without its keys. Raises ``PermissionMissing``, ``OutOfReach``."""
    access.require_everywhere(by, "fees.set_gateway")
    row = CardGateway.objects.filter(pk=CardGateway.PRESENT).first()
    return {
        "gateway": row.name if row else "",
        "taking": row is not None and row.taking,
        "failing_since": row.failing_since if row else None,
        "offered": offered(),
    }


def earlier_gateways(*, by: User) -> list[CardGateway]:
    """Those that the school had before, which are asked about what was begun there. Raises ``PermissionMissing``."""
    access.require_everywhere(by, "fees.set_gateway")
    return list(CardGateway.objects.exclude(pk=CardGateway.PRESENT).order_by("name"))
