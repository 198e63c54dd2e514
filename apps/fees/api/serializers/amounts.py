"""How an amount is written."""

from __future__ import annotations

from typing import Any

from schoolops import money
from schoolops.api.fields import Exact


def amount(**options: Any) -> Exact:
    """An amount of money. How many decimals its currency has, and that it is above zero, the service says."""
    return Exact(max_digits=money.MAX_DIGITS, decimal_places=money.PLACES, **options)
