"""What the family's pages are of, by name: who may see which is told by these sets."""

from __future__ import annotations

# Of no child.
OPEN = frozenset({"home", "manifest", "notices"})
OWN = OPEN | {"contact", "preferences"}
# By a secret in the address, or by posting: see `test_asking` and `test_notices`.
ELSEWHERE = frozenset({"take-back", "feed", "see-as", "notice", "notice-attachment", "pay"})
# What each page of a child is of, besides the child; and what is the guardians' alone.
FREE = frozenset({"child", "attendance", "timetable", "calendar", "exams", "marks", "cards", "card"})
GUARDIANS = frozenset({"bills", "bill", "receipt", "statement", "leave", "attachment", "looked"})
# Each of a paper of its own.
PAPERS = frozenset({"card", "bill", "receipt", "attachment"})
