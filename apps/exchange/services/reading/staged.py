"""What every reader yields: one row, typed, with what is wrong with it. The kinds, in the order they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

INSTITUTION = "institution"
YEAR = "year"
TERM = "term"
GRADE_LEVEL = "grade-level"
HOMEROOM_COURSE = "homeroom-course"
COURSE = "course"
SECTION = "section"
CLASS = "class"
STAFF = "staff"
STUDENT = "student"
GUARDIAN = "guardian"
LINK = "guardian-link"
ASSIGNMENT = "assignment"
PLACE = "place"
# Somebody of whom the file does not say what they are: never kept so.
USER = "user"
# A place in a section stands in another table than one in a class.
MEMBERSHIP = "seat"  # The word of the stored rows.

# What a row names stands before it.
KINDS = (
    INSTITUTION, YEAR, TERM, GRADE_LEVEL, HOMEROOM_COURSE, COURSE, SECTION, CLASS, STAFF, STUDENT, GUARDIAN, LINK,
    ASSIGNMENT, PLACE,
)  # fmt: skip
# Some thousand rows at the most, looked up in one place.
STRUCTURE = frozenset({INSTITUTION, YEAR, TERM, GRADE_LEVEL, HOMEROOM_COURSE, COURSE, SECTION, CLASS})


# Before the key of a campus that a bundle has no row for: where nobody knows it, the one there is is meant.
OR_ELSE = "?"


@dataclass(slots=True)
class Staged:
    """A row as read. ``key`` is its outside id, ``natural`` what else must not stand in a file twice."""

    kind: str
    file: str
    row: int
    key: str
    values: dict[str, Any]
    errors: list[dict[str, Any]] = field(default_factory=list)
    natural: str = ""
    name: str = ""
    skip: bool = False
