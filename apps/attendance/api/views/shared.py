"""What several lists of attendance ask for and show."""

from __future__ import annotations

import datetime as dt

from schoolops.api import parameters
from schoolops.api.errors import refused
from schoolops.api.parameters import Parameter

DAY = Parameter(parameters.day, about="The day; today unless said.")
INSTITUTION = Parameter(parameters.public_id, where="institution__sourced_id", about="One campus only.")


def day_of(text: str) -> dt.date:
    """The day in an address. Raises ``ValidationFailed``."""
    try:
        return parameters.day(text)
    except ValueError as wrong:
        raise refused("day", "invalid", str(wrong)) from None
