"""Stripe, an extra: its hosted Checkout takes the card. Offered where the package ``stripe`` is installed.

Each question is a request of seconds to ``STRIPE_URL``, which an operator sets and no school.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from schoolops import money
from schoolops.gateways.interface import (
    Checkout,
    Gateway,
    GatewayAway,
    GatewayRefused,
    GoneBack,
    Heard,
    KeyRefused,
    Keys,
    Order,
    Standing,
    amount_of,
    heard_of,
    offers,
    units,
)

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params import EventListParams
    from stripe.params.checkout import SessionCreateParams

# To connect, and between one byte and the next.
TIMEOUT_S: Final = (3.0, 6.0)
_PAGE: Final = 100
_WHY: Final = 200
# Where Stripe counts in other units than ISO 4217 (https://docs.stripe.com/currencies#special-cases).
_DECIMALS: Final = {**money.CURRENCIES, "ISK": 2, "UGX": 2, "MGA": 0}
# The languages of its page; Arabic is none, and the payer's browser decides.
_LANGUAGES: Final = frozenset({
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fil", "fr", "hr", "hu", "id", "it", "ja", "ko", "lt", "lv",
    "ms", "mt", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh",
})  # fmt: skip
# That money was withdrawn for a dispute; an inquiry (``warning_…``) moves none, and of what was prevented none came.
_WITHDRAWN: Final = frozenset({"needs_response", "under_review", "lost"})
_CAME_BACK: Final = "won"
_REFUND_FAILED: Final = frozenset({"failed", "canceled"})
EVENTS: Final = (
    "checkout.session.completed",
    "checkout.session.expired",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)


class Stripe:
    """Asks Stripe at ``url``; an account is known by its secret key, or by a restricted one."""

    name = "stripe"

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, order: Order, keys: Keys) -> Checkout:
        with _asking(self._url, keys) as stripe:
            sessions = stripe.v1.checkout.sessions
            if order.reference:
                made = sessions.retrieve(order.reference)
            else:
                made = sessions.create(self._session(order), {"idempotency_key": f"open-{order.id}"})
        if not made.url:
            raise GatewayRefused(why="this page is closed")
        return Checkout(made.id, made.url)

    @staticmethod
    def _session(order: Order) -> SessionCreateParams:
        return {
            "mode": "payment",
            "client_reference_id": order.id,
            "payment_method_types": ["card"],
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.currency.lower(),
                        "unit_amount": _units(order.amount, order.currency),
                        "product_data": {"name": order.text},
                    },
                }
            ],
            "payment_intent_data": {"description": order.text, "metadata": {"order": order.id}},
            # What is asked for is what is paid, in the currency of the books.
            "adaptive_pricing": {"enabled": False},
            "success_url": order.back_to,
            "cancel_url": order.given_up_to,
            "expires_at": round(order.expires_at.timestamp()),
            "locale": order.language if order.language in _LANGUAGES else "auto",  # type: ignore[typeddict-unknown-key]
        }

    def look(self, reference: str, keys: Keys) -> Standing:
        with _asking(self._url, keys) as stripe:
            said = stripe.v1.checkout.sessions.retrieve(reference)
            also = said.payment_intent if isinstance(said.payment_intent, str) else ""
            currency = (said.currency or "").upper()
            if said.payment_status != "paid":
                return Standing("failed" if said.status == "expired" else "open", Decimal(0), currency, also=also)
            gone_back = [*_refunds(stripe, also), *_disputes(stripe, also)]
        return Standing("paid", _amount(said.amount_total or 0, currency), currency, gone_back, also)

    def give_back(self, reference: str, amount: Decimal, currency: str, *, key: str, keys: Keys) -> str:
        with _asking(self._url, keys) as stripe:
            paid = stripe.v1.checkout.sessions.retrieve(reference).payment_intent
            if not isinstance(paid, str):
                raise GatewayRefused(why="nothing was paid there")
            # Stripe forgets an idempotency key after a day, and a job may come again later than that.
            for each in _refunds(stripe, paid):
                if each.key == key:
                    return each.reference
            made = stripe.v1.refunds.create(
                {"payment_intent": paid, "amount": _units(amount, currency), "metadata": {"key": key}},
                {"idempotency_key": f"refund-{key}"},
            )
        return made.id

    def heard_since(self, moment: dt.datetime, keys: Keys) -> list[Heard]:
        with _asking(self._url, keys) as stripe:
            said: EventListParams = {"created": {"gte": int(moment.timestamp())}, "types": list(EVENTS), "limit": _PAGE}
            page = stripe.v1.events.list(said)
            return [heard_of(each.to_dict()) for each in page.auto_paging_iter()]


def _refunds(stripe: StripeClient, paid: str) -> Iterator[GoneBack]:
    for each in stripe.v1.refunds.list({"payment_intent": paid, "limit": _PAGE}).auto_paging_iter():
        key = (each.metadata.to_dict() if each.metadata else {}).get("key", "")
        amount = _amount(each.amount, each.currency.upper())
        yield GoneBack(each.id, "refund", amount, each.status not in _REFUND_FAILED, key)


def _disputes(stripe: StripeClient, paid: str) -> Iterator[GoneBack]:
    for each in stripe.v1.disputes.list({"payment_intent": paid, "limit": _PAGE}).auto_paging_iter():
        if each.status in _WITHDRAWN or each.status == _CAME_BACK:
            amount = _amount(each.amount, each.currency.upper())
            yield GoneBack(each.id, "dispute", amount, each.status != _CAME_BACK)


def _units(amount: Decimal, currency: str) -> int:
    """In Stripe's units; of three decimals it takes the last as 0 only."""
    if _DECIMALS[currency] == 3:
        return units(amount, currency, 2) * 10
    return units(amount, currency, _DECIMALS[currency])


def _amount(of_theirs: int, currency: str) -> Decimal:
    return amount_of(of_theirs, currency, _DECIMALS[currency])


@contextmanager
def _asking(url: str, keys: Keys) -> Iterator[StripeClient]:
    """A client with the school's key. What Stripe refuses becomes what any gateway raises."""
    import stripe

    try:
        yield _maker()(keys.secret, url)
    except stripe.AuthenticationError as refusal:
        raise KeyRefused from refusal
    except stripe.StripeError as refusal:
        status = refusal.http_status
        # 409: the same is being asked at this moment.
        if isinstance(refusal, stripe.APIConnectionError) or status is None or status in {409, 429} or status >= 500:
            raise GatewayAway from refusal
        raise GatewayRefused(why=(refusal.user_message or type(refusal).__name__)[:_WHY]) from refusal


@cache
def _maker() -> Callable[[str, str], StripeClient]:
    """The connections are the process's; the key goes with each request."""
    import stripe

    # It would write a file about this machine, and send it along.
    stripe.enable_telemetry = False
    requests: Any = stripe.RequestsClient(timeout=TIMEOUT_S)

    def make(secret: str, url: str) -> StripeClient:
        return stripe.StripeClient(secret, base_addresses={"api": url}, http_client=requests, max_network_retries=0)

    return make


@offers("stripe")
def _stripe() -> Gateway | None:
    return Stripe(settings.STRIPE_URL) if settings.STRIPE_URL and find_spec("stripe") else None
