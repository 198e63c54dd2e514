"""Taking a roll: one reading of the marks, one upsert of the records, one insert of their history."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance import selectors
from apps.attendance.errors import MarksRefused, RollChangedMeanwhile
from apps.attendance.events import AttendanceMarked
from apps.attendance.models import AttendanceChange, AttendanceCode, AttendanceRecord, AttendanceSession, DayState
from apps.attendance.selectors import CodeBook, OfficeWord, Place, SessionKey
from apps.students.models import Student
from schoolops import clock, events
from schoolops.audit import trail
from schoolops.errors import FieldError

SAID = (
    "teacher_code_id", "office_code_id", "state", "excused", "arrived_at", "left_at", "teacher_arrived_at",
    "teacher_left_at", "remark",
)  # fmt: skip


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
    access.require(by, "attendance.mark")
    place = selectors.place_of(session)
    access.require_row(by, "attendance.mark", place.kind, place.group, day=session.day)
    selectors.must_be_a_day_for_rolls(place)
    roster = selectors.roster_for_update(place)
    sheet = _open_for_update(place, expected_version or 0)
    before = {record.student_id: record for record in sheet.records.all()}
    roster, before = _in_reach(roster, before, by=by, day=session.day)
    codes = CodeBook()
    office = selectors.office_book([student.pk for student in roster], place.day, place.day)
    words = {student.pk: office.word_on(student.pk, place.day, place.period) for student in roster}
    read = _read(marks, roster, codes, words, before)

    sheet = _submit(sheet, by)
    after = [_record(sheet, student, *said, words[student.pk], codes, before.get(student.pk)) for student, said in read]
    change = replace(before, after, by=by, codes=codes, versions={sheet.pk: sheet.version})
    trail.record(by, "attendance.marked", sheet, after={"version": sheet.version, **change.counted(after)})
    events.publish(AttendanceMarked(sheet.pk, sheet.section_id, sheet.day, change.students))
    return sheet


def _in_reach(
    roster: list[Student], before: dict[int, AttendanceRecord], *, by: User, day: dt.date
) -> tuple[list[Student], dict[int, AttendanceRecord]]:
    reach = access.within_reach(by, "attendance.mark", "student", day=day)
    if reach == Q():
        return roster, before
    known = {*before, *(student.pk for student in roster)}
    reached = set(Student.objects.filter(reach, pk__in=known).values_list("pk", flat=True))
    return (
        [student for student in roster if student.pk in reached],
        {student: record for student, record in before.items() if student in reached},
    )


def _open_for_update(place: Place, expected: int) -> AttendanceSession:
    """The roll, held until the transaction ends and proven open and unchanged; a new, unsaved one where none is."""
    found: AttendanceSession | None = place.sessions().select_for_update(no_key=True).first()
    sheet = found or place.blank()
    selectors.must_be_open(sheet, place)
    if sheet.version != expected:
        raise _changed_meanwhile(sheet, expected)
    if found is None:
        try:
            with transaction.atomic():
                sheet.save(force_insert=True)
        except IntegrityError:
            # Only where the roster is empty: otherwise the other writer held its students and we saw the roll.
            raise _changed_meanwhile(place.sessions().get(), expected) from None
    return sheet


def _submit(sheet: AttendanceSession, by: User) -> AttendanceSession:
    sheet.version += 1
    # A re-opened roll stays so until its time is over: the second correction needs no second reason.
    if sheet.state == AttendanceSession.State.OPEN:
        sheet.state = AttendanceSession.State.SUBMITTED
    sheet.taken_by, sheet.taken_at = by, clock.now()
    sheet.save(update_fields=["version", "state", "taken_by", "taken_at"])
    return sheet


def _changed_meanwhile(sheet: AttendanceSession, expected: int) -> RollChangedMeanwhile:
    return RollChangedMeanwhile(
        version=sheet.version, expected=expected, members=selectors.changes_since(sheet, expected)
    )


Said = tuple[AttendanceCode | None, Mark]


def _read(
    marks: Sequence[Mark],
    roster: list[Student],
    codes: CodeBook,
    words: dict[int, OfficeWord | None],
    before: dict[int, AttendanceRecord],
) -> list[tuple[Student, Said]]:
    """Each student of the roster with the teacher's code and mark. Raises ``MarksRefused`` with an error per record."""
    known = {student.sourced_id: student for student in roster}
    refused: list[FieldError] = []
    read: dict[int, tuple[Student, Said]] = {}
    for position, mark in enumerate(marks):
        where = f"records.{position}"
        student = known.get(mark.student_id)
        if student is None:
            refused.append(
                FieldError(f"{where}.student_id", "not-on-the-roll", "This student is not on the roll that day.")
            )
        elif student.pk in read:
            refused.append(
                FieldError(
                    f"{where}.student_id",
                    "named-twice",
                    "{student} is marked twice in this roll.",
                    {"student": student.full_name},
                )
            )
        else:
            code, problems = _teachers_code(mark, codes, words[student.pk], before.get(student.pk))
            refused += [dataclasses.replace(problem, field=f"{where}.{problem.field}") for problem in problems]
            read[student.pk] = (student, (code, mark))
    refused += [
        FieldError(
            "records",
            "student-missing",
            "{student} ({id}) is not marked.",
            {"student": student.full_name, "id": student.sourced_id},
        )
        for student in roster
        if student.pk not in read
    ]
    if refused:
        raise MarksRefused(errors=refused)
    return list(read.values())


def _teachers_code(
    mark: Mark, codes: CodeBook, office: OfficeWord | None, before: AttendanceRecord | None
) -> tuple[AttendanceCode | None, list[FieldError]]:
    code = codes.by_letter.get(mark.code)
    earlier = codes.by_key.get(before.teacher_code_id) if before is not None and before.teacher_code_id else None
    if code is None:
        return None, [FieldError("code", "unknown", "There is no attendance code {code}.", {"code": mark.code})]
    if not code.teacher_selectable and office is not None and office.code_id == code.pk:
        # The roll as it was read, sent back: the office's code is nobody's news.
        return earlier, []
    words = _words(code)
    problems: list[FieldError] = []
    if not code.teacher_selectable:
        problems.append(FieldError("code", "office-only", "{code} {name} is entered by the office.", words))
    if code.retired and code != earlier:
        problems.append(FieldError("code", "retired", "{code} {name} is no longer in use.", words))
    return code, [*problems, *_times_wrong(code, mark)]


def _words(code: AttendanceCode) -> dict[str, str]:
    return {"code": code.code, "name": code.name}


def _times_wrong(code: AttendanceCode, mark: Mark) -> Iterable[FieldError]:
    words = _words(code)
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
    student: Student,
    code: AttendanceCode | None,
    mark: Mark,
    office: OfficeWord | None,
    codes: CodeBook,
    before: AttendanceRecord | None,
) -> AttendanceRecord:
    record = AttendanceRecord(
        session=sheet,
        student=student,
        institution_id=sheet.institution_id,
        section_id=sheet.section_id,
        day=sheet.day,
        teacher_code=code,
        teacher_arrived_at=_teachers_time("arrived_at", mark, office, before),
        teacher_left_at=_teachers_time("left_at", mark, office, before),
        remark=mark.remark,
    )
    return with_office(record, office, codes)


def _teachers_time(name: str, mark: Mark, office: OfficeWord | None, before: AttendanceRecord | None) -> dt.time | None:
    said: dt.time | None = getattr(mark, name)
    if office is not None and said == getattr(office, name):
        # The roll as it was read, sent back: the office's time is nobody's news.
        return None if before is None else getattr(before, f"teacher_{name}")
    return said


def with_office(record: AttendanceRecord, office: OfficeWord | None, codes: CodeBook) -> AttendanceRecord:
    """``record`` with the office's word on top of the teacher's, and what the code that counts says."""
    record.office_code_id = office.code_id if office else None
    record.arrived_at = (office and office.arrived_at) or record.teacher_arrived_at
    record.left_at = (office and office.left_at) or record.teacher_left_at
    counts = codes.by_key[record.office_code_id or record.teacher_code_id]  # type: ignore[index]
    record.state, record.excused = counts.state, counts.excused
    if counts.state == DayState.ABSENT:
        record.arrived_at = record.left_at = None
    record.changed_at = clock.now()
    return record


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did to records: the keys of the students it touched."""

    students: tuple[int, ...]

    def counted(self, records: Sequence[AttendanceRecord]) -> dict[str, int]:
        """For the audit trail; the names stand in the roll's own history."""
        states = [record.state for record in records]
        return {"students": len(records), "absent": states.count(DayState.ABSENT), "changed": len(self.students)}


def replace(
    before: dict[int, AttendanceRecord],
    after: Sequence[AttendanceRecord],
    *,
    by: User,
    codes: CodeBook,
    versions: dict[int, int],
) -> Change:
    """Make the records of one roll ``after``: one upsert of those that differ, one insert of their history.

    Records of students who turned out not to belong to the roll are removed.
    """
    changed = [
        record
        for record in after
        if (earlier := before.get(record.student_id)) is None or said(earlier) != said(record)
    ]
    gone = [record for student, record in before.items() if student not in {each.student_id for each in after}]
    if gone:
        AttendanceRecord.objects.filter(pk__in=[record.pk for record in gone]).delete()
    pairs = [(before.get(record.student_id), record) for record in changed]
    return write([*pairs, *((record, None) for record in gone)], by=by, codes=codes, versions=versions)


def write(
    pairs: Sequence[tuple[AttendanceRecord | None, AttendanceRecord | None]],
    *,
    by: User | None,
    codes: CodeBook,
    versions: dict[int, int],
) -> Change:
    """Store changed records and their history, two statements whatever their number. ``versions``: by session."""
    AttendanceRecord.objects.bulk_create(
        [record for _, record in pairs if record is not None],
        update_conflicts=True,
        unique_fields=["session", "student"],
        update_fields=["teacher_code", "office_code", *SAID[2:], "changed_at"],
    )
    AttendanceChange.objects.bulk_create(
        AttendanceChange(
            session_id=record.session_id,
            student_id=record.student_id,
            day=record.day,
            session_version=versions[record.session_id],
            before=None if old is None else told(old, codes),
            after=None if new is None else told(new, codes),
            by=by,
            at=clock.now(),
        )
        for old, new in pairs
        if (record := new or old) is not None
    )
    return Change(tuple(sorted({record.student_id for pair in pairs for record in pair if record is not None})))


def said(record: AttendanceRecord) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in SAID)


def told(record: AttendanceRecord, codes: CodeBook) -> dict[str, str | None]:
    """A record as its history keeps it: letters rather than keys, and only what is there."""
    letters = {
        "code": record.office_code_id or record.teacher_code_id,
        "teacher_code": record.teacher_code_id,
        "office_code": record.office_code_id,
    }
    told: dict[str, str | None] = {name: codes.by_key[key].code for name, key in letters.items() if key}
    told |= {name: time.isoformat("minutes") for name in ("arrived_at", "left_at") if (time := getattr(record, name))}
    return told | ({"remark": record.remark} if record.remark else {})
