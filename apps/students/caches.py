"""What is remembered of students."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import msgspec

from schoolops.cache import MINUTE, CacheEntry


class Profile(msgspec.Struct, frozen=True):
    """A student as whoever reaches them sees them on a day. What only some may see, medical notes, is not in it."""

    id: UUID
    status: str
    date_last_modified: dt.datetime
    institution_id: UUID
    admission_number: str
    given_name: str
    middle_name: str
    family_name: str
    preferred_name: str
    birth_date: dt.date | None
    sex: str
    section_id: UUID | None
    section_name: str | None
    grade_level_name: str | None
    version: int
    email: str
    phone: str
    address: str
    photo: str
    user_id: UUID | None


STUDENT_PROFILE = CacheEntry(
    "student-profile",
    Profile,
    ttl_s=2 * MINUTE,
    # By student: the day is the second part. Or all of them, when a section is called otherwise.
    forgotten_by=(0, 1),
    purpose="a student's own page; who reaches it is asked every time",
)
