"""An amount has no more decimals than its currency, is rounded half up once, and is shared out to the last unit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schoolops import money
from schoolops.money import AmountRefused, CurrencyDiffers

CURRENCY = st.sampled_from(["JPY", "EUR", "KWD"])


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("JPY", 0), ("XOF", 0), ("ISK", 0), ("EUR", 2), ("KES", 2), ("MRU", 2), ("KWD", 3), ("IQD", 3), ("TND", 3)],
)
def test_a_currency_has_its_minor_units(currency: str, decimals: int) -> None:
    assert money.CURRENCIES[currency] == decimals


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("12.345", "EUR", "12.35"), ("12.344999", "EUR", "12.34"), ("0.5", "JPY", "1"), ("1.0005", "KWD", "1.001"),
        ("-0.005", "EUR", "-0.01"),
    ],
)  # fmt: skip
def test_it_is_rounded_half_up(amount: str, currency: str, rounded: str) -> None:
    assert str(money.rounded(Decimal(amount), currency)) == rounded
    assert str(money.rounded(Fraction(amount), currency)) == rounded


def test_a_quotient_is_rounded_once() -> None:
    # 0.0149999… cut to three places first would become 0.015, and that 0.02.
    assert money.rounded(Fraction(149_999_999, 10_000_000_000), "EUR") == Decimal("0.01")
    assert money.rounded(Fraction(200, 3), "EUR") == Decimal("66.67")


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        ("NaN", "EUR", "not-a-number"), ("Infinity", "EUR", "not-a-number"), ("-1", "EUR", "not-above-zero"),
        ("0", "EUR", "not-above-zero"), ("12.345", "EUR", "too-many-decimals"), ("0.5", "JPY", "too-many-decimals"),
        ("1.0001", "KWD", "too-many-decimals"), ("10000000000000", "EUR", "too-large"), ("1e40", "JPY", "too-large"),
    ],
)  # fmt: skip
def test_what_is_no_amount_says_why(amount: str, currency: str, code: str) -> None:
    with pytest.raises(AmountRefused) as refused:
        money.checked(Decimal(amount), currency, field="lines.2.amount")
    assert [(each.field, each.code) for each in refused.value.errors] == [("lines.2.amount", code)]


def test_an_amount_is_said_with_the_decimals_of_its_currency() -> None:
    assert str(money.checked(Decimal("12.500"), "EUR")) == "12.50"
    assert str(money.checked(Decimal("12.000"), "JPY")) == "12"
    assert money.shown(Decimal("1.5"), "KWD") == "1.500"
    assert money.checked(Decimal(0), "EUR", zero=True) == 0


def test_another_currency_is_refused_by_name() -> None:
    money.expect_currency("EUR", "EUR")
    with pytest.raises(CurrencyDiffers, match=r"in USD, and the books here are kept in EUR"):
        money.expect_currency("USD", "EUR")


@settings(max_examples=100, database=None, deadline=None)
@given(
    currency=CURRENCY,
    units=st.integers(min_value=0, max_value=10**12),
    weights=st.lists(st.integers(min_value=1, max_value=1000), min_size=1, max_size=12),
)
def test_what_is_shared_out_sums_to_the_whole(currency: str, units: int, weights: list[int]) -> None:
    amount = units * money.smallest(currency)
    parts = money.shared(amount, weights, currency)
    assert sum(parts) == amount
    assert all(part >= 0 and part == money.rounded(part, currency) for part in parts)
    # Nobody but the last pays for the rounding, and they less than a unit for each of the others.
    exact = [Fraction(amount) * weight / sum(weights) for weight in weights]
    slack = Fraction(money.smallest(currency)) * len(weights)
    assert all(abs(Fraction(part) - share) <= slack for part, share in zip(parts, exact, strict=True))
