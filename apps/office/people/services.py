"""What the office writes down about people: which lists of them left the building on paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from apps.accounts.models import User
from apps.institutions.models import Section
from schoolops.audit import trail


def note_printed(*, kind: str, day: dt.date, students: Mapping[Section, int], by: User) -> None:
    """Write down that ``by`` took a list away on paper: which one, and of how many students in each section.

    What leaves the building so leaves no other trace, and an emergency list says what a doctor should know.
    """
    trail.record_many(
        trail.entry_of(by, "office.list-printed", section, after={"list": kind, "day": day, "students": number})
        for section, number in students.items()
    )
