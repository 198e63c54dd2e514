"""What several lists of attendance ask for and show."""

from __future__ import annotations

import datetime as dt

from django.db.models import Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat, Trim

from schoolops.api import parameters
from schoolops.api.errors import refused
from schoolops.api.parameters import Parameter

DAY = Parameter(parameters.day, about="The day; today unless said.")
INSTITUTION = Parameter(parameters.public_id, where="institution__sourced_id", about="One campus only.")
SECTION = Parameter(parameters.public_id, where="section__sourced_id", about="One section only.")
STUDENT = Parameter(parameters.public_id, where="student__sourced_id", about="One student only.")


def day_of(text: str) -> dt.date:
    """The day in an address. Raises ``ValidationFailed``."""
    try:
        return parameters.day(text)
    except ValueError as wrong:
        raise refused("day", "invalid", str(wrong)) from None


def student_columns() -> dict[str, str]:
    """Who a row is about."""
    return {
        "student_id": "student__sourced_id",
        "given_name": "student__given_name",
        "family_name": "student__family_name",
        "admission_number": "student__admission_number",
    }


def name_of(user: str) -> Combinable:
    """The name of the user that ``user`` points to; empty where it points to nobody."""
    return Trim(Concat(f"{user}__given_name", Value(" "), f"{user}__family_name"))
