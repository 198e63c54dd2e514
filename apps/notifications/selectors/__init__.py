"""Reads: inboxes, whom announcements are for, and what became of what was sent."""

from apps.notifications.selectors.audiences import (
    Audience,
    announcement_seen,
    announcements_seen,
    guardians_of,
    readers_of,
    students_of,
    users_of,
)
from apps.notifications.selectors.own import Wanted, inbox_of, preferences_of, unread_of
from apps.notifications.selectors.sent import Standing, bounced, messages_seen, rules_said, standing, waiting

__all__ = [
    "Audience",
    "Standing",
    "Wanted",
    "announcement_seen",
    "announcements_seen",
    "bounced",
    "guardians_of",
    "inbox_of",
    "messages_seen",
    "preferences_of",
    "readers_of",
    "rules_said",
    "standing",
    "students_of",
    "unread_of",
    "users_of",
    "waiting",
]
