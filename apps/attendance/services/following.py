"""Letting rolls already taken follow what the office says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from apps.accounts.models import User
from apps.attendance import selectors
from apps.attendance.errors import NothingLeftToCount
from apps.attendance.events import OfficeSpoke
from apps.attendance.models import AttendanceRecord
from apps.attendance.selectors import CodeBook
from apps.attendance.services.writing import Line, Record, compared, follow, with_office
from schoolops import events


def apply_office(
    *,
    students: Sequence[int],
    first: dt.date,
    last: dt.date,
    by: User | None,
    codes: CodeBook,
    skip_locked: bool = False,
) -> tuple[dt.date, ...]:
    """Put the office's present word on every record of these students in these days, both included.

    The caller holds the students. The number of statements is the same for one roll and for a hundred.

    Args:
        skip_locked: leave locked rolls as they are, and return their days; otherwise refuse.

    Raises:
        YearIsClosed, AttendanceDayLocked, EditWindowOver.
        NothingLeftToCount: without the office a roll would say nothing.
    """
    records = AttendanceRecord.objects.select_related("session__period").filter(
        student__in=list(students), day__range=(first, last)
    )
    book = selectors.office_book(students, first, last)
    pairs: list[tuple[AttendanceRecord, Record]] = []
    for old in records:
        word = book.word_on(old.student_id, old.day, old.session.period)
        if word is None and old.teacher_code_id is None:
            raise NothingLeftToCount(day=old.day)
        new = with_office(Record.of(old), word, codes)
        if compared(new) != compared(old):
            pairs.append((old, new))
    if not pairs:
        return ()
    # Held: a roll that somebody is locking at this moment is locked for us too.
    sheets = selectors.rolls_for_update({old.session_id for old, _ in pairs})
    if not skip_locked:
        for sheet in sheets.values():
            selectors.must_be_open(sheet)
    changing = {key for key, sheet in sheets.items() if selectors.is_open(sheet)}
    lines = [Line(new, old) for old, new in pairs if old.session_id in changing]
    if lines:
        follow(lines, by=by, codes=codes, versions={key: sheet.version for key, sheet in sheets.items()})
        touched = {line.record.student_id for line in lines}
        events.publish(OfficeSpoke(tuple(sorted(touched)), tuple(sorted({line.record.day for line in lines}))))
    return tuple(sorted({old.day for old, _ in pairs if old.session_id not in changing}))
