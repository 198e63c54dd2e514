"""Writes of the family's pages: contacts to be corrected, calendars, what is open, and looking as somebody else."""

from apps.family.services.contacts import accept_contacts, ask_for_contacts, refuse_contacts
from apps.family.services.feeds import begin_feed, end_feed, read_feed
from apps.family.services.looking import Looking, begin_seeing_as, note_look, seen_as
from apps.family.services.merging import move_contact_requests  # noqa: F401 - registers it
from apps.family.services.opening import set_opening

__all__ = [
    "Looking",
    "accept_contacts",
    "ask_for_contacts",
    "begin_feed",
    "begin_seeing_as",
    "end_feed",
    "note_look",
    "read_feed",
    "refuse_contacts",
    "seen_as",
    "set_opening",
]
