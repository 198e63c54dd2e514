"""Letting rolls already taken follow what the office says."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Sequence

from apps.accounts.models import User
from apps.attendance import selectors
from apps.attendance.errors import AttendanceDayLocked, EditWindowOver, NothingLeftToCount
from apps.attendance.events import OfficeSpoke
from apps.attendance.models import AttendanceRecord
from apps.attendance.selectors import CodeBook
from apps.attendance.services.marking import said, with_office, write
from schoolops import events

Times = tuple[dt.time | None, dt.time | None]


def apply_office(
    *,
    students: Sequence[int],
    first: dt.date,
    last: dt.date,
    by: User,
    codes: CodeBook,
    no_longer: Times = (None, None),
    skip_locked: bool = False,
) -> tuple[dt.date, ...]:
    """Put the office's present word on every record of these students in these days, both included.

    The caller holds the students. The number of statements is the same for one roll and for a hundred.

    Args:
        no_longer: the times of an entry that is taken back.
        skip_locked: leave locked rolls as they are, and return their days; otherwise refuse.

    Raises:
        AttendanceDayLocked, EditWindowOver; NothingLeftToCount: without the office a roll would say nothing.
    """
    records = AttendanceRecord.objects.select_related(
        "session__period", "session__institution__attendance_policy"
    ).filter(student__in=list(students), day__range=(first, last))
    book = selectors.office_book(students, first, last)
    pairs: list[tuple[AttendanceRecord, AttendanceRecord]] = []
    left_alone: set[dt.date] = set()
    for old in records:
        word = book.word_on(old.student_id, old.day, old.session.period)
        if word is None and old.teacher_code_id is None:
            raise NothingLeftToCount(day=old.day)
        new = copy.copy(old)
        if word is None:
            new.arrived_at, new.left_at = (
                None if here == gone else here
                for here, gone in zip((old.arrived_at, old.left_at), no_longer, strict=True)
            )
        new = with_office(new, word, codes)
        if said(new) == said(old):
            continue
        try:
            selectors.must_be_open(old.session, old.session.institution)
        except (AttendanceDayLocked, EditWindowOver):
            if not skip_locked:
                raise
            left_alone.add(old.day)
        else:
            pairs.append((old, new))
    if pairs:
        versions = {old.session_id: old.session.version for old, _ in pairs}
        change = write(pairs, by=by, codes=codes, versions=versions)
        days = tuple(sorted({new.day for _, new in pairs}))
        events.publish(OfficeSpoke(change.students, days, change.newly_absent))
    return tuple(sorted(left_alone))
