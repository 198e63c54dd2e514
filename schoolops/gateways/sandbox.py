"""The sandbox: a gateway to try things with, where the card is a button. ``schoolops.gateways.counter`` is it.

Where it stands an operator says, ``SANDBOX_GATEWAY_URL``; a production has none.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import json
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings

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

TIMEOUT_S: Final = 5.0
_LARGEST: Final = 4 * 2**20


def signing_secret(secret: str) -> str:
    """With which the sandbox signs what it writes to whoever asks it with ``secret``."""
    return "whsec_" + hashlib.sha256(f"sandbox\0{secret}".encode()).hexdigest()


class Sandbox:
    """Asks the counter at ``url``."""

    name = "sandbox"

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def open(self, order: Order, keys: Keys) -> Checkout:
        said = self._ask(
            "POST",
            "/v1/orders",
            keys,
            {
                "id": order.id,
                "amount": units(order.amount, order.currency),
                "currency": order.currency,
                "text": order.text,
                "language": order.language,
                "back_to": order.back_to,
                "given_up_to": order.given_up_to,
                "notify": order.notify,
                "expires_at": int(order.expires_at.timestamp()),
            },
        )
        return Checkout(said["id"], said["url"])

    def look(self, reference: str, keys: Keys) -> Standing:
        said = self._ask("GET", f"/v1/orders/{reference}", keys)
        currency = said["currency"]
        return Standing(
            state=said["state"],
            paid=amount_of(said["paid"], currency),
            currency=currency,
            gone_back=[
                GoneBack(each["id"], each["kind"], amount_of(each["amount"], currency), each["stands"], each["key"])
                for each in said["gone_back"]
            ],
        )

    def give_back(self, reference: str, amount: Decimal, currency: str, *, key: str, keys: Keys) -> str:
        asked = {"amount": units(amount, currency), "key": key}
        return str(self._ask("POST", f"/v1/orders/{reference}/refunds", keys, asked)["id"])

    def heard_since(self, moment: dt.datetime, keys: Keys) -> list[Heard]:
        since = urlencode({"since": int(moment.timestamp())})
        return [heard_of(each) for each in self._ask("GET", f"/v1/events?{since}", keys)["events"]]

    def _ask(self, method: str, path: str, keys: Keys, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port or 80, timeout=TIMEOUT_S)
        try:
            sent = None if body is None else json.dumps(body).encode()
            connection.request(method, path, sent, {"Authorization": f"Bearer {keys.secret}"})
            answer = connection.getresponse()
            text = answer.read(_LARGEST)
        except (OSError, http.client.HTTPException) as failure:
            raise GatewayAway from failure
        finally:
            connection.close()
        if answer.status == 401:
            raise KeyRefused
        if answer.status >= 500:
            raise GatewayAway
        said = json.loads(text)
        if answer.status >= 400:
            raise GatewayRefused(why=said["error"])
        return said


@offers("sandbox")
def _sandbox() -> Gateway | None:
    return Sandbox(settings.SANDBOX_GATEWAY_URL) if settings.SANDBOX_GATEWAY_URL else None
