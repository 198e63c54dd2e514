"""What is printed: lists of sections, and report cards."""

from apps.reports.selectors.cards import (
    card_followed,
    card_seen,
    cards_followed,
    cards_of,
    cards_of_session,
    day_of,
    drafted,
    layout_of,
    session_and_section,
    students_in,
    verified,
)
from apps.reports.selectors.rosters import (
    Contact,
    Listed,
    Roster,
    number_of_students,
    rosters,
    sections_in_reach,
    with_contacts,
)
from apps.reports.selectors.sample import sample_card

__all__ = [
    "Contact",
    "Listed",
    "Roster",
    "card_followed",
    "card_seen",
    "cards_followed",
    "cards_of",
    "cards_of_session",
    "day_of",
    "drafted",
    "layout_of",
    "number_of_students",
    "rosters",
    "sample_card",
    "sections_in_reach",
    "session_and_section",
    "students_in",
    "verified",
    "with_contacts",
]
