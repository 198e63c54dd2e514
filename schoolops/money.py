"""Amounts of money: a Decimal beside an ISO 4217 code, with no more decimals than that currency has. Never a float.

An amount is kept as ``numeric(16,3)``: the largest is ``LARGEST``. It is rounded half up, once per line, by
``rounded``; what is shared out is shared out by ``shared``, whose parts sum to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from django.db import models
from django.db.models import Case, DecimalField, F, Func, Q, Value, When
from django.db.models.expressions import Combinable

from schoolops.errors import FieldError, Invalid

# ISO 4217, without funds, metals and codes for testing.
_ISO_4217 = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
# Its minor units, where they are not two. CLDR, and so Babel, says what is usual in print instead (0 for IQD).
_MINOR_UNITS: Mapping[int, tuple[str, ...]] = {
    0: ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
    3: ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"),
}
USUAL_DECIMALS = 2
# Code → how many decimals an amount of it has at most.
CURRENCIES: Mapping[str, int] = {
    **dict.fromkeys(_ISO_4217.split(), USUAL_DECIMALS),
    **{code: decimals for decimals, codes in _MINOR_UNITS.items() for code in codes},
}
MAX_DIGITS, PLACES = 16, 3
BEYOND = Decimal(10) ** (MAX_DIGITS - PLACES)
LARGEST = BEYOND - Decimal(1).scaleb(-PLACES)


class AmountRefused(Invalid):
    """This is no amount of {currency} that can be booked."""

    code = "money:amount-refused"
    remedy = "Correct what `errors` names; an amount is a text such as 12.50, above zero."


class CurrencyDiffers(Invalid):
    """This is in {currency}, and the books here are kept in {expected}."""

    code = "money:currency-differs"
    remedy = "A campus keeps its books in one currency; send the amount in that one."
    field = "currency"


def smallest(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01, 1 or 0.001."""
    return Decimal(1).scaleb(-CURRENCIES[currency])


def rounded(amount: Decimal | Fraction, currency: str) -> Decimal:
    """``amount`` half up to what ``currency`` can say; half a cent below zero goes away from zero, as above it."""
    if isinstance(amount, Fraction):
        # Exactly, then once: a quotient that is cut first would be rounded twice.
        unit = Fraction(smallest(currency))
        units = abs(amount) / unit
        whole = units.numerator // units.denominator
        half_or_more = units - whole >= Fraction(1, 2)
        return (whole + half_or_more) * smallest(currency) * (-1 if amount < 0 else 1)
    return amount.quantize(smallest(currency), rounding=ROUND_HALF_UP)


def _wrong(amount: Decimal, currency: str, *, zero: bool) -> tuple[str, str, dict[str, Any]] | None:
    decimals = CURRENCIES[currency]
    if not amount.is_finite():
        return "not-a-number", "{given} is no amount.", {"given": amount}
    if amount < 0 or (amount == 0 and not zero):
        return "not-above-zero", "{given} is not above zero.", {"given": amount}
    if amount > LARGEST:
        return "too-large", "{given} is more than {most}.", {"given": amount, "most": LARGEST}
    try:
        exact = amount == amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)
    except InvalidOperation:
        exact = False
    if not exact:
        facts = {"given": amount, "currency": currency, "decimals": decimals}
        return "too-many-decimals", "{given} has more decimals than {currency} has: {decimals}.", facts
    return None


def why_refused(amount: Decimal, currency: str, *, field: str = "amount", zero: bool = False) -> list[FieldError]:
    """What is wrong with ``amount`` as one of ``currency``, at ``field``; empty where nothing is."""
    wrong = _wrong(amount, currency, zero=zero)
    return [] if wrong is None else [FieldError(field, *wrong)]


def checked(amount: Decimal, currency: str, *, field: str = "amount", zero: bool = False) -> Decimal:
    """``amount`` with exactly the decimals of ``currency``. ``zero``: nothing is an amount too.

    Raises:
        AmountRefused: it is no number, below zero, larger than a column holds, or has more decimals than the currency.
    """
    if errors := why_refused(amount, currency, field=field, zero=zero):
        raise AmountRefused(errors=errors, currency=currency)
    return amount.quantize(smallest(currency))


def expect_currency(given: str, expected: str) -> None:
    """Nothing, when ``given`` is what the books are kept in. Raises ``CurrencyDiffers``."""
    if given != expected:
        raise CurrencyDiffers(currency=given, expected=expected)


def shown(amount: Decimal, currency: str) -> str:
    """``12.50``: with the decimals of its currency, whatever the column holds."""
    return f"{amount.quantize(smallest(currency)):f}"


def printed(amount: Decimal, currency: str) -> str:
    """``1,200.00 EUR``: as people read it, in groups of three digits and with its currency, alike in every language."""
    return f"{amount.quantize(smallest(currency)):,f} {currency}"


def shared(amount: Decimal, weights: Sequence[Decimal | int], currency: str) -> list[Decimal]:
    """``amount`` in parts as ``weights``, each rounded down but the last, which takes the remainder: they sum to it.

    No part is below zero where ``amount`` is not. Weights are above zero.
    """
    if len(weights) == 1:
        return [amount]
    whole = sum(map(Fraction, weights), Fraction(0))
    unit = smallest(currency)
    parts = [
        (Fraction(amount) * Fraction(weight) / whole / Fraction(unit)).__floor__() * unit for weight in weights[:-1]
    ]
    return [*parts, amount - sum(parts, Decimal(0))]


def shared_within(
    amount: Decimal, weights: Sequence[Decimal | int], most: Sequence[Decimal], currency: str
) -> list[Decimal]:
    """The same, with no part above ``most`` of its place, which together have room: what one cannot take others do."""
    parts = [min(part, limit) for part, limit in zip(shared(amount, weights, currency), most, strict=True)]
    left = amount - sum(parts, Decimal(0))
    for place, limit in enumerate(most):
        more = min(left, limit - parts[place])
        parts[place], left = parts[place] + more, left - more
    return parts


def column(**options: Any) -> Any:
    """A column of amounts. Beside it stands the currency, and ``fits`` among the constraints."""
    return models.DecimalField(max_digits=MAX_DIGITS, decimal_places=PLACES, **options)


def as_said(amount: str | Combinable = "amount", currency: str = "currency") -> Func:
    """The SQL of an amount with the decimals of its currency: 12.50, or 1200. A column's name, or an expression."""
    decimals = Case(
        *(When(**{f"{currency}__in": codes}, then=Value(places)) for places, codes in _MINOR_UNITS.items()),
        default=Value(USUAL_DECIMALS),
    )
    said = F(amount) if isinstance(amount, str) else amount
    return Func(said, decimals, function="round", output_field=DecimalField())


def fits(amount: str = "amount", currency: str = "currency", *, zero: bool = False) -> Q:
    """The condition of a check: an amount above zero (``zero``: or zero) with no more decimals than its currency."""
    least = {f"{amount}__gte" if zero else f"{amount}__gt": 0}
    # Not a number is above every number, for PostgreSQL.
    return Q(**least, **{f"{amount}__lt": BEYOND, amount: as_said(amount, currency)})
