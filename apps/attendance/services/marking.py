"""Taking a roll: one reading of what it says, one of the marks, and one statement that writes what differs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import User
from apps.attendance import selectors
from apps.attendance.errors import MarksRefused, RollChangedMeanwhile
from apps.attendance.events import AttendanceMarked
from apps.attendance.models import AttendanceCode, AttendanceSession, DayState
from apps.attendance.selectors import CodeBook, OfficeWord, Place, RollRow, SessionKey
from apps.attendance.services.writing import Line, Record, compared, take, with_office
from apps.students.models import Student
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.errors import FieldError


@dataclass(frozen=True, slots=True)
class Mark:
    """What a teacher says of one student: a code's letter, and times of the institution's day."""

    student_id: UUID
    code: str
    arrived_at: dt.time | None = None
    left_at: dt.time | None = None
    remark: str = ""


@transaction.atomic
def mark_attendance(
    *, session: SessionKey, marks: Sequence[Mark], expected_version: int | None, by: User
) -> AttendanceSession:
    """Record who was present. Marking the same roll again replaces the earlier marks; office codes stay.

    Args:
        marks: every student on the roll as of its day whom ``by`` reaches, each exactly once. What is said of others
            stays: who has moved to another section since is no longer theirs.
        expected_version: the version that was read; ``None`` or 0 for a roll nobody has taken.

    Raises:
        PermissionMissing, OutOfReach, PeriodUnknown, YearIsClosed, YearNotBegun, DayInTheFuture, OutsideYear,
        NotInstructional, PeriodNotHeld, EditWindowOver, AttendanceDayLocked, RollChangedMeanwhile,
        MarksRefused (naming each record).
    """
    return _mark(session, marks, expected_version, by).sheet


def mark_and_read(
    *, session: SessionKey, marks: Sequence[Mark], expected_version: int | None, by: User
) -> dict[str, Any]:
    """The same, answered as ``selectors.roll`` of whom ``by`` may mark: another role may read less.

    Raises:
        As ``mark_attendance``.
    """
    with transaction.atomic():
        marked = _mark(session, marks, expected_version, by)
    return selectors.answer(marked.place, marked.sheet, marked.everybody, marked.codes)


@dataclass(frozen=True, slots=True)
class _Marked:
    """A roll that was marked, and what it says of everybody in reach by now."""

    place: Place
    sheet: AttendanceSession
    everybody: list[RollRow]
    codes: CodeBook


def _mark(session: SessionKey, marks: Sequence[Mark], expected_version: int | None, by: User) -> _Marked:
    access.require(by, "attendance.mark")
    place = selectors.place_of(session, its_day=True)
    access.require_row(by, "attendance.mark", place.kind, place.group, day=session.day)
    selectors.must_be_a_day_for_rolls(place)
    held = selectors.roster_for_update(place)
    sheet = _open_for_update(place, expected_version or 0)
    everybody = selectors.rows_of_roll(place, sheet if sheet.pk else None)
    reached = access_rows.keys_in_reach(
        by, "attendance.mark", "student", Student, [row.key for row in everybody], day=session.day
    )
    there = [row for row in everybody if row.key in reached]
    # Who came onto the roll since it was held is nobody's to mark: their day could be another writer's.
    roster = [row for row in there if row.on_roster and row.key in held]
    before = {row.key: row for row in there if row.code is not None and (row.key in held or not row.on_roster)}
    codes = place.codes or CodeBook()
    office = selectors.book_of(there, place)
    words = {row.key: office.word_on(row.key, place.day, place.period) for row in roster}
    read = _read(marks, roster, codes, words, before)

    _submit(sheet, by)
    after = {row.key: _record(sheet, row, *meant, words[row.key], codes, before.get(row.key)) for row, meant in read}
    lines = _changes(sheet, before, after)
    states = [record.state for record in after.values()]
    counted = {"students": len(states), "absent": states.count(DayState.ABSENT), "changed": len(lines)}
    entry = trail.entry_of(by, "attendance.marked", sheet, after={"version": sheet.version, **counted})
    if not take(sheet, lines, by=by, codes=codes, entry=entry):
        # Only where the roster is empty: otherwise the other writer held its students and we saw the roll.
        raise _changed_meanwhile(place.sessions().get(), expected_version or 0)
    touched = tuple(sorted(line.record.student_id for line in lines))
    events.publish(AttendanceMarked(sheet.day, touched))
    return _Marked(place, sheet, [_by_now(row, after) for row in there if row.on_roster or row.key in after], codes)


def _open_for_update(place: Place, expected: int) -> AttendanceSession:
    """The roll, held until the transaction ends and proven open and unchanged; a new, unsaved one where none is."""
    sheet = selectors.sheet_for_update(place) or place.blank()
    selectors.must_be_open(sheet, place)
    if sheet.version != expected:
        raise _changed_meanwhile(sheet, expected)
    return sheet


def _submit(sheet: AttendanceSession, by: User) -> None:
    sheet.version += 1
    # A re-opened roll stays so until its time is over: the second correction needs no second reason.
    if sheet.state == AttendanceSession.State.OPEN:
        sheet.state = AttendanceSession.State.SUBMITTED
    sheet.taken_by, sheet.taken_at = by, clock.now()


def _changes(sheet: AttendanceSession, before: dict[int, RollRow], after: dict[int, Record]) -> list[Line]:
    """What differs; records of students who turned out not to belong to the roll are removed."""
    changed = [
        Line(record, earlier)
        for key, record in after.items()
        if (earlier := before.get(key)) is None or compared(earlier) != compared(record)
    ]
    gone = [Line(_as_before(sheet, row), row, gone=True) for key, row in before.items() if key not in after]
    return [*changed, *gone]


def _as_before(sheet: AttendanceSession, row: RollRow) -> Record:
    return Record(
        sheet.pk, row.key, sheet.institution_id, sheet.section_id, sheet.day, row.teacher_code_id,
        row.teacher_arrived_at, row.teacher_left_at, row.remark, row.office_code_id, row.state, row.excused,
        row.arrived_at, row.left_at,
    )  # fmt: skip


def _by_now(row: RollRow, after: dict[int, Record]) -> RollRow:
    record = after.get(row.key)
    if record is None:
        return row
    return row._replace(
        code=record.code,
        teacher_code_id=record.teacher_code_id,
        office_code_id=record.office_code_id,
        state=record.state,
        excused=record.excused,
        arrived_at=record.arrived_at,
        left_at=record.left_at,
        remark=record.remark,
    )


def _changed_meanwhile(sheet: AttendanceSession, expected: int) -> RollChangedMeanwhile:
    return RollChangedMeanwhile(
        version=sheet.version, expected=expected, members=selectors.changes_since(sheet, expected)
    )


Meant = tuple[AttendanceCode | None, Mark]


def _read(
    marks: Sequence[Mark],
    roster: list[RollRow],
    codes: CodeBook,
    words: dict[int, OfficeWord | None],
    before: dict[int, RollRow],
) -> list[tuple[RollRow, Meant]]:
    """Each student of the roster with the teacher's code and mark. Raises ``MarksRefused`` with an error per record."""
    known = {student.sourced_id: student for student in roster}
    refused: list[FieldError] = []
    read: dict[int, tuple[RollRow, Meant]] = {}
    for position, mark in enumerate(marks):
        where = f"records.{position}"
        student = known.get(mark.student_id)
        if student is None:
            refused.append(
                FieldError(f"{where}.student_id", "not-on-the-roll", "This student is not on the roll that day.")
            )
        elif student.key in read:
            refused.append(
                FieldError(
                    f"{where}.student_id",
                    "named-twice",
                    "{student} is marked twice in this roll.",
                    {"student": student.full_name},
                )
            )
        else:
            code, problems = _teachers_code(mark, codes, words[student.key], before.get(student.key))
            refused += [dataclasses.replace(problem, field=f"{where}.{problem.field}") for problem in problems]
            read[student.key] = (student, (code, mark))
    refused += [
        FieldError(
            "records",
            "student-missing",
            "{student} ({id}) is not marked.",
            {"student": student.full_name, "id": student.sourced_id},
        )
        for student in roster
        if student.key not in read
    ]
    if refused:
        raise MarksRefused(errors=refused)
    return list(read.values())


def _teachers_code(
    mark: Mark, codes: CodeBook, office: OfficeWord | None, before: RollRow | None
) -> tuple[AttendanceCode | None, list[FieldError]]:
    code = codes.by_letter.get(mark.code)
    earlier = codes.by_key.get(before.teacher_code_id) if before is not None and before.teacher_code_id else None
    if code is None:
        return None, [FieldError("code", "unknown", "There is no attendance code {code}.", {"code": mark.code})]
    if not code.teacher_selectable and office is not None and office.code_id == code.pk:
        # The roll as it was read, sent back: the office's code is nobody's news.
        return earlier, []
    words = _facts(code)
    problems: list[FieldError] = []
    if not code.teacher_selectable:
        problems.append(FieldError("code", "office-only", "{code} {name} is entered by the office.", words))
    if code.retired and code != earlier:
        problems.append(FieldError("code", "retired", "{code} {name} is no longer in use.", words))
    return code, [*problems, *_times_wrong(code, mark)]


def _facts(code: AttendanceCode) -> dict[str, str]:
    return {"code": code.code, "name": code.name}


def _times_wrong(code: AttendanceCode, mark: Mark) -> Iterable[FieldError]:
    words = _facts(code)
    if code.state == DayState.ABSENT and mark.arrived_at is not None:
        yield FieldError(
            "arrived_at", "not-possible", "{code} {name} means absent: who is absent does not arrive.", words
        )
    if code.state == DayState.ABSENT and mark.left_at is not None:
        yield FieldError("left_at", "not-possible", "{code} {name} means absent: who is absent does not leave.", words)
    elif mark.arrived_at is not None and mark.left_at is not None and mark.left_at <= mark.arrived_at:
        yield FieldError("left_at", "not-possible", "Nobody leaves before arriving.")


def _record(
    sheet: AttendanceSession,
    student: RollRow,
    code: AttendanceCode | None,
    mark: Mark,
    office: OfficeWord | None,
    codes: CodeBook,
    before: RollRow | None,
) -> Record:
    record = Record(
        session_id=sheet.pk,
        student_id=student.key,
        institution_id=sheet.institution_id,
        section_id=sheet.section_id,
        day=sheet.day,
        teacher_code_id=code.pk if code is not None else None,
        teacher_arrived_at=_teachers_time("arrived_at", mark, office, before),
        teacher_left_at=_teachers_time("left_at", mark, office, before),
        remark=mark.remark,
    )
    return with_office(record, office, codes)


def _teachers_time(name: str, mark: Mark, office: OfficeWord | None, before: RollRow | None) -> dt.time | None:
    theirs: dt.time | None = getattr(mark, name)
    if office is not None and theirs == getattr(office, name):
        # The roll as it was read, sent back: the office's time is nobody's news.
        return None if before is None else getattr(before, f"teacher_{name}")
    return theirs
