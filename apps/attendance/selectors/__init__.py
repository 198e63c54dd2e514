"""Reads: rolls, what the office says, and what follows of both."""

from apps.attendance.selectors.boards import classes_of, day_in_figures, rolls_not_taken
from apps.attendance.selectors.lists import absentees, changes_of, desk_entries, history_of, leaves, months_of, policies
from apps.attendance.selectors.office import CodeBook, OfficeBook, OfficeWord, office_book
from apps.attendance.selectors.places import (
    Place,
    SessionKey,
    held,
    held_if_marked,
    is_held,
    is_open,
    must_be_a_day_for_rolls,
    must_be_open,
    must_not_be_closed,
    must_run,
    place_of,
    place_of_roll,
    policy_of,
    rolls_for_update,
    roster_for_update,
    why_locked,
)
from apps.attendance.selectors.rolls import changes_since, head_of, roll
from apps.attendance.selectors.weeks import Week, WeekDay, week

__all__ = [
    "CodeBook",
    "OfficeBook",
    "OfficeWord",
    "Place",
    "SessionKey",
    "Week",
    "WeekDay",
    "absentees",
    "changes_of",
    "changes_since",
    "classes_of",
    "day_in_figures",
    "desk_entries",
    "head_of",
    "held",
    "held_if_marked",
    "history_of",
    "is_held",
    "is_open",
    "leaves",
    "months_of",
    "must_be_a_day_for_rolls",
    "must_be_open",
    "must_not_be_closed",
    "must_run",
    "office_book",
    "place_of",
    "place_of_roll",
    "policies",
    "policy_of",
    "roll",
    "rolls_for_update",
    "rolls_not_taken",
    "roster_for_update",
    "week",
    "why_locked",
]
