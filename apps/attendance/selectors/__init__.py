"""Reads: rolls, what the office says, and what follows of both."""

from apps.attendance.selectors.office import CodeBook, OfficeBook, OfficeWord, office_book
from apps.attendance.selectors.places import (
    Place,
    SessionKey,
    held,
    must_be_a_day_for_rolls,
    place_of,
    policy_of,
    roster_for_update,
)
from apps.attendance.selectors.rolls import changes_since, roll, why_locked

__all__ = [
    "CodeBook",
    "OfficeBook",
    "OfficeWord",
    "Place",
    "SessionKey",
    "changes_since",
    "held",
    "must_be_a_day_for_rolls",
    "office_book",
    "place_of",
    "policy_of",
    "roll",
    "roster_for_update",
    "why_locked",
]
