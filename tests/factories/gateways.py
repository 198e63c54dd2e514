"""A sandbox gateway of the test's own, and a school that has it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.test import override_settings

from apps.accounts.models import User
from apps.fees import services
from apps.fees.models import CardGateway, PaymentIntent
from apps.fees.tasks import look_at_card_payment
from apps.students.models import Student
from schoolops import clock
from schoolops.gateways import counter, signing
from schoolops.gateways.counter import Counter
from schoolops.gateways.sandbox import signing_secret
from tests.apps.asking import asking
from tests.factories.jobs import work_off

KEY = "sk_sandbox_oak"
HOST = "http://oak.localhost"


@contextmanager
def a_counter() -> Iterator[Counter]:
    """A sandbox that answers over HTTP and writes nothing by itself: a test says what of it arrives."""
    with counter.running(silent=True) as here, override_settings(SANDBOX_GATEWAY_URL=here.address):
        yield here


def a_gateway(*, by: User) -> CardGateway:
    """The school has the sandbox."""
    return services.set_card_gateway(gateway="sandbox", taking=True, secret=KEY, by=by)


def begun(child: Student, *, by: User, **more: Any) -> PaymentIntent:
    """A card payment of what is due, whose page somebody has open."""
    row = services.begin_card_payment(student=child.sourced_id, back_to="/family/", host=HOST, by=by, **more)
    services.checkout_of(services.checkout_path(row).rpartition("/")[2])
    row.refresh_from_db()
    return row


def click(here: Counter, row: PaymentIntent, button: str) -> str:
    """What somebody does on the gateway's page, and where that leads."""
    order = here.shown(row.reference)
    assert order is not None
    return here.clicked(order, button)


def written(here: Counter) -> list[bytes]:
    """Everything the gateway has written, as it would come."""
    return [json.dumps(each).encode() for each in here.events_since(KEY, 0)]


def signed(body: bytes, *, secret: str = "", ago_s: float = 0.0) -> str:
    """The header that goes with it."""
    at = clock.machine() - dt.timedelta(seconds=ago_s)
    return signing.signature(body, secret=secret or signing_secret(KEY), at=at)


def arrives(by: User, body: bytes, signature: str | None = None) -> Any:
    """What the gateway is answered, over HTTP."""
    ask = asking(by)
    headers = {signing.HEADER: signed(body) if signature is None else signature}
    return ask.client.post("/api/v1/card-gateway/events", body, "application/json", headers=headers)


def told(here: Counter, by: User) -> None:
    """All that the gateway has written arrives, and is worked on."""
    for each in written(here):
        assert arrives(by, each).status_code == 204
    work_off(look_at_card_payment)


def paid(here: Counter, child: Student, *, by: User, **more: Any) -> PaymentIntent:
    """A card payment from its beginning to its receipt."""
    row = begun(child, by=by, **more)
    click(here, row, "pay")
    services.look(intent=row.pk)
    row.refresh_from_db()
    return row


def ticket_in(address: str) -> str:
    """The path of an address of ours, for a client."""
    parts = urlsplit(address)
    return parts.path
