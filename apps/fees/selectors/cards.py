"""Card payments, as they are read."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from apps.access import services as access
from apps.accounts.models import User
from apps.fees.models import CardGateway, PaymentIntent
from schoolops.gateways.interface import offered


def intents_begun(*, by: User) -> QuerySet[Any]:
    """What ``by`` began to pay. Raises ``PermissionMissing``."""
    access.require(by, "fees.follow")
    return PaymentIntent.objects.filter(by=by)


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
