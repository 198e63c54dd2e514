"""What is asked of a gateway, whichever it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

from schoolops import money
from schoolops.errors import Conflict, Invalid, Misconfigured, Unavailable

State = Literal["open", "paid", "failed"]
# Of what a gateway calls an order or an event.
LONGEST_NAME: Final = 80


class GatewayAway(Unavailable):
    """The card gateway does not answer; nothing was taken."""

    code = "gateways:away"
    retry_after = 30
    remedy = "Try again in a minute, or pay another way. Whatever was paid there is booked by itself once it answers."


class GatewayRefused(Conflict):
    """The card gateway refuses this ({why})."""

    code = "gateways:refused"


class KeyRefused(GatewayRefused):
    """The card gateway does not know the school's key."""

    code = "gateways:key-refused"
    remedy = "Whoever set up card payments enters the key that the gateway shows for the school's account."


class GatewayUnknown(Misconfigured):
    """This installation has no card gateway called {name}."""

    code = "gateways:unknown"


class AmountNotTaken(Invalid):
    """The card gateway takes no {amount} {currency}."""

    code = "gateways:amount-not-taken"
    remedy = "Choose an amount without the last decimal, or pay another way."
    field = "amount"


@dataclass(frozen=True, slots=True)
class Keys:
    """With which a school is known at its gateway; ``signing``: with which the gateway signs what it writes to us."""

    secret: str
    signing: str


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid. ``id``: ours; asked for twice under it, it is one. ``reference``: theirs, once it is known.

    ``back_to``, ``given_up_to``: where the payer's browser goes. ``notify``: where the gateway writes to, for one that
    has to be told with each order. ``language``: ISO 639.
    """

    id: str
    amount: Decimal
    currency: str
    text: str
    language: str
    back_to: str
    given_up_to: str
    notify: str
    expires_at: dt.datetime
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The gateway's name for an order, and the address of its page."""

    reference: str
    address: str


@dataclass(frozen=True, slots=True)
class GoneBack:
    """What of an order went back, as ``kind`` says; ``stands`` False: it came back again (a dispute won).

    ``key``: under which we asked for it; empty: nobody of us did.
    """

    reference: str
    kind: Literal["refund", "dispute"]
    amount: Decimal
    stands: bool = True
    key: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gateway says of an order. ``also``: another name under which it writes of it."""

    state: State
    paid: Decimal
    currency: str
    gone_back: Sequence[GoneBack] = ()
    also: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """That something happened at a gateway: the event's id and kind, and whatever in it may name one of our orders."""

    id: str
    kind: str
    references: tuple[str, ...]


class Gateway(Protocol):
    """One gateway. Each method asks it once and waits seconds at most.

    Raises:
        GatewayAway: it did not answer. GatewayRefused, KeyRefused: it did, and refuses.
    """

    name: str

    def open(self, order: Order, keys: Keys) -> Checkout:
        """A page on which the order can be paid. Raises ``AmountNotTaken`` as well."""
        ...

    def look(self, reference: str, keys: Keys) -> Standing:
        """What became of an order."""
        ...

    def give_back(self, reference: str, amount: Decimal, currency: str, *, key: str, keys: Keys) -> str:
        """Give back of an order, once for each ``key``; the gateway's name for it."""
        ...

    def heard_since(self, moment: dt.datetime, keys: Keys) -> list[Heard]:
        """What it wrote to us since ``moment``, whether it reached us or not."""
        ...


_makers: dict[str, Callable[[], Gateway | None]] = {}


def offers(name: str) -> Callable[[Callable[[], Gateway | None]], Callable[[], Gateway | None]]:
    """Register what makes the gateway ``name``; it answers ``None`` where this installation has none."""

    def register(make: Callable[[], Gateway | None]) -> Callable[[], Gateway | None]:
        _makers[name] = make
        return make

    return register


def offered() -> list[str]:
    """The gateways of this installation."""
    return [name for name, make in sorted(_makers.items()) if make() is not None]


def gateway_called(name: str) -> Gateway:
    """The gateway ``name``. Raises ``GatewayUnknown``."""
    made = _makers[name]() if name in _makers else None
    if made is None:
        raise GatewayUnknown(name=name)
    return made


def heard_of(event: Any) -> Heard:
    """An event as gateways write one: ``{"id": …, "type": …, "data": {"object": {…}}}``. Raises ``ValueError``."""
    match event:
        case {"id": str(name), "type": str(kind), "data": {"object": {**about}}} if _is_name(name) and _is_name(kind):
            named = (about.get("id"), about.get("payment_intent"))
            return Heard(name, kind, tuple(each for each in named if isinstance(each, str) and _is_name(each)))
    raise ValueError("This is no event.")


def _is_name(said: str) -> bool:
    return 0 < len(said) <= LONGEST_NAME and said.isascii() and said.isprintable()


def units(amount: Decimal, currency: str, decimals: int | None = None) -> int:
    """``amount`` in the smallest units of its currency, or of ``decimals``. Raises ``AmountNotTaken``."""
    scaled = amount.scaleb(money.CURRENCIES[currency] if decimals is None else decimals)
    if scaled != scaled.to_integral_value():
        raise AmountNotTaken(amount=money.shown(amount, currency), currency=currency)
    return int(scaled)


def amount_of(units: int, currency: str, decimals: int | None = None) -> Decimal:
    """The other way round."""
    return Decimal(units).scaleb(-(money.CURRENCIES[currency] if decimals is None else decimals))
