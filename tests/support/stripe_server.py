"""``python -m tests.support.stripe_server --port 8420``: localstripe, and beside it what it has not.

localstripe's (https://github.com/adrienverge/localstripe): the server, keys, cards, payment intents, charges, refunds,
the list of events, and webhooks with their signature. Ours, by Stripe's documentation, added by its ``extra_apis``:
Checkout sessions, disputes, refunds that fail, idempotency keys, and events of all these. What begins with an
underscore no Stripe has: there a test does what a payer, a bank or somebody in Stripe's dashboard does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from aiohttp import web
from localstripe import resources
from localstripe.errors import UserError
from localstripe.resources import Event, List, PaymentIntent, PaymentMethod, Refund, StripeObject, extra_apis, store
from localstripe.webhooks import schedule_webhook

from schoolops import clock

# It would keep its store in a file of everybody's.
resources.Store.dump_to_disk = lambda _self: None
HALF_AN_HOUR, A_DAY = 30 * 60, 24 * 3600
THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}
WHOLE_ONLY = {"isk", "ugx"}
KNOWN = {
    "mode", "client_reference_id", "payment_method_types", "line_items", "payment_intent_data", "adaptive_pricing",
    "success_url", "cancel_url", "expires_at", "locale",
}  # fmt: skip
LOCALES = {"auto", "de", "en", "fr"}


def happened(kind: str, about: Any) -> None:
    """An event, listed and sent."""
    schedule_webhook(Event(kind, about))


class CheckoutSession(StripeObject):
    """Ours: https://docs.stripe.com/api/checkout/sessions."""

    object = "checkout.session"
    _id_prefix = "cs_test_"

    def __init__(self, **said: Any) -> None:
        if unknown := set(said) - KNOWN:
            raise UserError(400, f"Received unknown parameter: {min(unknown)}")
        (line,) = said["line_items"]
        price, expires_at = line["price_data"], int(said["expires_at"])
        amount, currency = int(price["unit_amount"]) * int(line["quantity"]), price["currency"]
        if not currency.islower() or said["mode"] != "payment" or said["payment_method_types"] != ["card"]:
            raise UserError(400, "Bad request")
        if amount % (10 if currency in THREE_DECIMALS else 100 if currency in WHOLE_ONLY else 1):
            raise UserError(400, f"Invalid amount. Amounts in {currency} must end with a 0.")
        if amount < 30:
            raise UserError(400, "The amount is too small.")
        if not HALF_AN_HOUR <= expires_at - clock.machine().timestamp() <= A_DAY:
            raise UserError(400, "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.")
        if said["locale"] not in LOCALES:
            raise UserError(400, "Invalid locale.")
        super().__init__()
        self.amount_total, self.currency, self.expires_at = amount, currency, expires_at
        self.client_reference_id, self.description = said["client_reference_id"], price["product_data"]["name"]
        self.success_url, self.cancel_url = said["success_url"], said["cancel_url"]
        self.payment_intent: str | None = None
        self.payment_status, self.status = "unpaid", "open"
        self.url = f"https://checkout.stripe.example/c/pay/{self.id}"
        self._data = said["payment_intent_data"]

    @classmethod
    def _pay(cls, id: str, number: str) -> CheckoutSession:  # noqa: A002 - Stripe's word
        """A card is typed into the page; localstripe says what its bank says."""
        self = cls._api_retrieve(id)
        if self.status != "open":
            raise UserError(400, "This session is not open.")
        card = {"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        method = PaymentMethod(type="card", card=card)
        # Raises where the card is declined: the page stays open for another one.
        paid = PaymentIntent._api_create(
            amount=self.amount_total, currency=self.currency, payment_method=method.id, confirm=True,
            metadata=self._data["metadata"],
        )  # fmt: skip
        self.payment_intent, self.payment_status, self.status = paid.id, "paid", "complete"
        happened("checkout.session.completed", self)
        return self

    @classmethod
    def _expire(cls, id: str) -> CheckoutSession:  # noqa: A002
        self = cls._api_retrieve(id)
        self.status = "expired"
        happened("checkout.session.expired", self)
        return self


class Dispute(StripeObject):
    """Ours: https://docs.stripe.com/api/disputes."""

    object = "dispute"
    _id_prefix = "du_"

    def __init__(self, payment_intent: str, amount: Any, status: str) -> None:
        about = PaymentIntent._api_retrieve(payment_intent)
        super().__init__()
        self.payment_intent, self.charge = payment_intent, about.latest_charge.id
        self.amount, self.currency, self.status = int(amount), about.currency, status
        happened("charge.dispute.created", self)

    @classmethod
    def _decide(cls, id: str, status: str) -> Dispute:  # noqa: A002
        self = cls._api_retrieve(id)
        self.status = status
        happened("charge.dispute.closed", self)
        return self

    @classmethod
    def _of(cls, payment_intent: str, limit: Any = 10) -> Any:
        found = List("/v1/disputes", limit=limit)
        found._list = [
            each for each in store.values() if isinstance(each, Dispute) and each.payment_intent == payment_intent
        ]
        return found


def refund_fails(id: str) -> Any:  # noqa: A002
    """Ours: the card's bank sends a refund back, days later."""
    refund = Refund._api_retrieve(id)
    refund.status = "failed"
    happened("refund.failed", refund)
    return refund


def events_of(types: Any = (), **asked: Any) -> Any:
    """Ours: localstripe’s list, of several types; of all where none is said."""
    listed = Event._api_list_all("/v1/events", **asked)
    listed._list = [each for each in listed._list if not types or each.type in types]
    return listed


extra_apis.extend((
    ("POST", "/v1/checkout/sessions", CheckoutSession._api_create),
    ("GET", "/v1/checkout/sessions/{id}", CheckoutSession._api_retrieve),
    ("POST", "/v1/checkout/sessions/{id}/_pay", CheckoutSession._pay),
    ("POST", "/v1/checkout/sessions/{id}/_expire", CheckoutSession._expire),
    ("GET", "/v1/disputes", Dispute._of),
    ("POST", "/v1/disputes/_open", Dispute),
    ("POST", "/v1/disputes/{id}/_decide", Dispute._decide),
    ("POST", "/v1/refunds/{id}/_fail", refund_fails),
    ("GET", "/v1/events", events_of),
))  # fmt: skip

_answers: dict[str, tuple[bytes, int, bytes]] = {}


@web.middleware
async def once_per_key(request: web.Request, handler: Any) -> web.StreamResponse:
    """Ours: https://docs.stripe.com/api/idempotent_requests: the same answer again, and other parameters refused."""
    key = request.headers.get("Idempotency-Key", "")
    if request.method != "POST" or not key or not request.path.startswith("/v1/"):
        return await handler(request)  # type: ignore[no-any-return]
    asked = await request.read()
    if key in _answers:
        before, status, body = _answers[key]
        if before == asked:
            return web.Response(body=body, status=status, content_type="application/json")
        error = {"type": "idempotency_error", "message": "Keys can only be used with the same parameters."}
        return web.Response(text=json.dumps({"error": error}), status=400, content_type="application/json")
    answer = await handler(request)
    _answers[key] = (asked, answer.status, answer.body)
    return answer  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    # Only now: it makes routes of whatever stands in the list.
    from localstripe.server import app  # noqa: PLC0415

    app.middlewares.insert(1, once_per_key)
    asyncio.set_event_loop(asyncio.new_event_loop())
    # localstripe itself would listen on every address of this machine.
    web.run_app(app, host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    main()
