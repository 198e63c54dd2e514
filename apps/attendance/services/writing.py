"""What is written of a roll: its records, each with its history, and the roll itself, in one statement."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from apps.accounts.models import User
from apps.attendance.models import AttendanceRecord, AttendanceSession, DayState
from apps.attendance.selectors import CodeBook, OfficeWord, Recorded
from schoolops import clock
from schoolops.audit import trail
from schoolops.audit.models import AuditEntry
from schoolops.tenancy.prepared import Statement


class Comparable(Recorded, Protocol):
    """Those that a change is seen in: what the teacher said of times beside what counts."""

    @property
    def teacher_arrived_at(self) -> dt.time | None: ...
    @property
    def teacher_left_at(self) -> dt.time | None: ...


@dataclass(slots=True)
class Record:
    """What a roll is to say of one student, by column of its record; a new roll has no ``session_id`` yet."""

    session_id: int | None
    student_id: int
    institution_id: int
    section_id: int | None
    day: dt.date
    teacher_code_id: int | None
    teacher_arrived_at: dt.time | None
    teacher_left_at: dt.time | None
    remark: str
    office_code_id: int | None = None
    state: str = ""
    excused: bool = False
    arrived_at: dt.time | None = None
    left_at: dt.time | None = None

    @classmethod
    def of(cls, row: AttendanceRecord) -> Record:
        """The same as a row says."""
        return cls(**{name: getattr(row, name) for name in cls.__slots__})

    @property
    def code(self) -> int | None:
        """The code that counts."""
        return self.office_code_id or self.teacher_code_id


def with_office(record: Record, office: OfficeWord | None, codes: CodeBook) -> Record:
    """``record`` with the office's word on top of the teacher's, and what the code that counts says."""
    record.office_code_id = office.code_id if office else None
    record.arrived_at = (office and office.arrived_at) or record.teacher_arrived_at
    record.left_at = (office and office.left_at) or record.teacher_left_at
    counts = codes.by_key[record.office_code_id or record.teacher_code_id]  # type: ignore[index]
    record.state, record.excused = counts.state, counts.excused
    if counts.state == DayState.ABSENT:
        record.arrived_at = record.left_at = None
    return record


def compared(record: Comparable) -> tuple[Any, ...]:
    """All of it that a change can be seen in."""
    return (
        record.teacher_code_id, record.office_code_id, record.state, record.excused, record.arrived_at, record.left_at,
        record.teacher_arrived_at, record.teacher_left_at, record.remark,
    )  # fmt: skip


def as_history(record: Comparable, codes: CodeBook) -> dict[str, str | None]:
    """A record as its history keeps it: letters rather than keys, and only what is there."""
    letters: tuple[tuple[str, int | None], ...] = (
        ("code", record.office_code_id or record.teacher_code_id),
        ("teacher_code", record.teacher_code_id),
        ("office_code", record.office_code_id),
    )
    kept: dict[str, str | None] = {name: codes.by_key[key].code for name, key in letters if key}
    if record.arrived_at:
        kept["arrived_at"] = record.arrived_at.isoformat("minutes")
    if record.left_at:
        kept["left_at"] = record.left_at.isoformat("minutes")
    if record.remark:
        kept["remark"] = record.remark
    return kept


@dataclass(frozen=True, slots=True)
class Line:
    """A change of one record: what it says by now, what it said before, and whether it goes away."""

    record: Record
    before: Comparable | None
    gone: bool = False


# Column of a record → its type; what the office or a resubmitted roll changes, and what it does not.
_STAYS = {"student_id": "bigint", "institution_id": "bigint", "section_id": "bigint", "day": "date"}
_CHANGES = {
    "teacher_code_id": "bigint", "office_code_id": "bigint", "state": "text", "excused": "boolean",
    "arrived_at": "time", "left_at": "time", "teacher_arrived_at": "time", "teacher_left_at": "time", "remark": "text",
}  # fmt: skip
_ROWS = {"session_id": "bigint", **_STAYS, **_CHANGES, "version": "integer", "before": "jsonb", "after": "jsonb"}
_COLUMNS = ", ".join([*_STAYS, *_CHANGES])
_NEW_VALUES = ", ".join(f"EXCLUDED.{name}" for name in _CHANGES)
# The lines, and what they do; ``{sheet}`` is the key of a line's roll, ``{rolls}`` what it comes from.
_LINES = f"""
lines AS (
    SELECT * FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in _ROWS.items())}) AS s ({", ".join(_ROWS)})
), gone AS (
    DELETE FROM attendance_attendancerecord r USING lines
     WHERE lines.after IS NULL AND r.session_id = lines.session_id AND r.student_id = lines.student_id
), records AS (
    INSERT INTO attendance_attendancerecord (session_id, {_COLUMNS}, changed_at)
    SELECT {{sheet}}, {_COLUMNS}, %(now)s::timestamptz FROM lines{{rolls}} WHERE after IS NOT NULL
    ON CONFLICT (session_id, student_id)
    DO UPDATE SET ({", ".join(_CHANGES)}, changed_at) = ROW({_NEW_VALUES}, EXCLUDED.changed_at)
), history AS (
    INSERT INTO attendance_attendancechange (session_id, student_id, day, session_version, before, after, by_id, at)
    SELECT {{sheet}}, student_id, day, version, before, after, %(by)s::bigint, %(now)s::timestamptz FROM lines{{rolls}}
)
"""  # noqa: S608 - ours
_FOLLOWING = Statement(f"WITH {_LINES.format(sheet='session_id', rolls='')} SELECT", waits=True)
_ROLL = {
    "sourced_id": "uuid", "institution_id": "bigint", "section_id": "bigint", "course_class_id": "bigint",
    "day": "date", "period_id": "bigint", "state": "text", "version": "integer", "taken_by_id": "bigint",
    "taken_at": "timestamptz",
}  # fmt: skip
_TAKEN = f"""
WITH roll AS (
    {{roll}} RETURNING id
), {_LINES.format(sheet="roll.id", rolls=", roll")}, noted AS (
    {{trail}}
)
SELECT id FROM roll
"""  # noqa: S608 - ours
_FIRST = f"""
    INSERT INTO attendance_attendancesession ({", ".join(_ROLL)}, locked_reason, reopened_reason)
    VALUES ({", ".join(f"%(roll_{name})s::{kind}" for name, kind in _ROLL.items())}, '', '')
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - ours
_AGAIN = """
    UPDATE attendance_attendancesession
       SET state = %(roll_state)s::text, version = %(roll_version)s::integer,
           taken_by_id = %(roll_taken_by_id)s::bigint, taken_at = %(roll_taken_at)s::timestamptz
     WHERE id = %(roll_id)s::bigint
"""


@cache
def _taken(*, first: bool) -> Statement:
    return Statement(
        _TAKEN.format(roll=_FIRST if first else _AGAIN, trail=trail.named_clause(where="roll")), waits=True
    )


def _asked(
    lines: Sequence[Line], codes: CodeBook, versions: Mapping[int | None, int], by: User | None
) -> dict[str, Any]:
    records = [line.record for line in lines]
    return {
        **{name: [getattr(record, name) for record in records] for name in ("session_id", *_STAYS, *_CHANGES)},
        "version": [versions[record.session_id] for record in records],
        "before": [None if line.before is None else json.dumps(as_history(line.before, codes)) for line in lines],
        "after": [None if line.gone else json.dumps(as_history(line.record, codes)) for line in lines],
        "by": by.pk if by is not None else None,
        "now": clock.now(),
    }


def follow(lines: Sequence[Line], *, by: User | None, codes: CodeBook, versions: Mapping[int | None, int]) -> None:
    """Store changed records of any number of rolls with their history. ``versions``: by key of a roll."""
    _FOLLOWING.rows(**_asked(lines, codes, versions, by))


def take(sheet: AttendanceSession, lines: Sequence[Line], *, by: User, codes: CodeBook, entry: AuditEntry) -> bool:
    """Store a roll with its changed records, their history and the line of the trail; a new roll has its key then.

    False, and nothing stored, where somebody else took a new roll meanwhile.
    """
    found = _taken(first=sheet.pk is None).rows(
        **_asked(lines, codes, {sheet.pk: sheet.version}, by),
        **{f"roll_{name}": getattr(sheet, name) for name in ("id", *_ROLL)},
        **trail.named(entry),
    )
    if found:
        ((sheet.pk,),) = found
        sheet._state.adding = False  # noqa: SLF001 - as ``save`` leaves it
    return bool(found)
