"""Rolls as people read them: one roll before and after it was taken, what changed in it, and its history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from apps.access import selectors as access_rows
from apps.access import services as access
from apps.accounts.models import User
from apps.attendance.models import AttendanceChange, AttendanceSession
from apps.attendance.selectors.office import CodeBook, OfficeBook, OfficeWord
from apps.attendance.selectors.places import (
    LISTED,
    Place,
    SessionKey,
    members_asked,
    place_of,
    place_of_roll,
    sheet_asked,
    sheets,
    why_locked,
)
from apps.students.models import FamilyItem, Student
from apps.students.selectors import keys_shown
from schoolops import clock
from schoolops.folding import name_key
from schoolops.tenancy.compiled import Compiled
from schoolops.tenancy.prepared import Statement

VIEW = "attendance.view"
NAMES = ("given_name", "middle_name", "family_name", "preferred_name", "admission_number")


def roll(key: SessionKey, *, by: User, permission: str = VIEW) -> dict[str, Any]:
    """One roll with the students on it as of its day, whether it was taken or not. The same number of queries always.

    Before it was taken ``version`` is 0 and each record suggests what the office says, else the default code. Students
    out of ``by``'s reach are left out (a guardian sees their own). A student who is recorded but no longer on the
    roster, because enrolments were corrected, has ``on_roster`` false.

    Raises:
        PermissionMissing, OutOfReach, PeriodUnknown.
    """
    return roll_and_place(key, by=by, permission=permission)[0]


def roll_and_place(
    key: SessionKey, *, by: User, its_day: bool = False, permission: str = VIEW
) -> tuple[dict[str, Any], Place]:
    """The same with its place, for a page that says more of it. ``its_day``: as ``place_of``."""
    access.require(by, permission)
    place = place_of(key, its_day=its_day)
    access.require_row(by, permission, place.kind, place.group, day=key.day)
    return roll_at(place, _SHEETS[place.kind].first(**sheet_asked(place)), by=by, permission=permission), place


def roll_at(
    place: Place, sheet: AttendanceSession | None, *, by: User, codes: CodeBook | None = None, permission: str = VIEW
) -> dict[str, Any]:
    """The same of a place and its roll that are at hand, and may be seen."""
    everybody = rows_of_roll(place, sheet)
    reached = access_rows.keys_in_reach(
        by, permission, "student", Student, [row.key for row in everybody], day=place.day
    )
    reached = keys_shown(by, FamilyItem.ATTENDANCE, permission, reached)
    there = [row for row in everybody if row.key in reached]
    return answer(place, sheet, there, codes or place.codes or CodeBook())


def answer(
    place: Place, sheet: AttendanceSession | None, everybody: Sequence[RollRow], codes: CodeBook
) -> dict[str, Any]:
    """A roll as people read it, of everything that is at hand."""
    return {**heading(place, sheet), "records": _records(place, sheet, everybody, codes)}


def head_of(sheet: AttendanceSession) -> dict[str, Any]:
    """A roll without its records, for whoever has just locked or re-opened it."""
    return heading(place_of_roll(sheet), sheet)


def heading(place: Place, sheet: AttendanceSession | None) -> dict[str, Any]:
    """A roll, or what it will be, without its records."""
    blank = place.blank()
    state = (sheet or blank).state_at(clock.now(), first_open_day=place.first_open_day)
    taker = sheet.taken_by if sheet is not None else None
    return {
        "id": sheet.sourced_id if sheet is not None else None,
        "section_id": place.section.sourced_id if place.section is not None else None,
        "class_id": place.course_class.sourced_id if place.course_class is not None else None,
        "day": place.day,
        "period_id": place.period.sourced_id if place.period is not None else None,
        "version": sheet.version if sheet is not None else 0,
        "state": state.value,
        "locked_reason": why_locked(sheet or blank) if state == AttendanceSession.State.LOCKED else "",
        "reopened_until": sheet.reopened_until if sheet is not None and state == sheet.State.REOPENED else None,
        "taken_by": {"id": taker.sourced_id, "name": str(taker)} if taker is not None else None,
        "taken_at": sheet.taken_at if sheet is not None else None,
    }


def _records(
    place: Place, sheet: AttendanceSession | None, everybody: Sequence[RollRow], codes: CodeBook
) -> list[dict[str, Any]]:
    book = book_of(everybody, place)
    sheet_taken = is_taken(sheet)
    rows = []
    for row in sorted(everybody, key=RollRow.in_order):
        if row.code is not None:
            shown = taken(row, codes)
        else:
            shown = suggested(book.word_on(row.key, place.day, place.period), codes, taken=sheet_taken)
        rows.append(
            {
                "student_id": row.sourced_id,
                "given_name": row.given_name,
                "middle_name": row.middle_name,
                "family_name": row.family_name,
                "preferred_name": row.preferred_name,
                "admission_number": row.admission_number,
                "roll_number": row.roll_number,
                "on_roster": row.on_roster,
                **shown,
            }
        )
    return rows


def by_name(row: dict[str, Any]) -> tuple[Any, ...]:
    """The order of a roll: by number, then by name."""
    return row["roll_number"] or 10_000, name_key(row["family_name"], row["given_name"]), row["student_id"]


def is_taken(sheet: AttendanceSession | None) -> bool:
    """Whether anybody has taken it."""
    return sheet is not None and sheet.taken_at is not None


_TAKEN_BY = partial(AttendanceSession.objects.select_related, "taken_by")
_SHEETS: dict[str, Compiled[AttendanceSession]] = {
    "section": sheets("section", _TAKEN_BY),
    "class": sheets("course_class", _TAKEN_BY),
}


class RollRow(NamedTuple):
    """A student of a roll: whether they are on it that day, what it says of them, and what the office does."""

    key: int
    sourced_id: UUID
    given_name: str
    middle_name: str
    family_name: str
    preferred_name: str
    admission_number: str
    roll_number: int | None
    on_roster: bool
    code: int | None
    teacher_code_id: int | None
    office_code_id: int | None
    state: str
    excused: bool
    arrived_at: dt.time | None
    left_at: dt.time | None
    remark: str
    teacher_arrived_at: dt.time | None
    teacher_left_at: dt.time | None
    period_word: int | None
    period_arrived_at: dt.time | None
    period_left_at: dt.time | None
    day_word: int | None
    day_arrived_at: dt.time | None
    day_left_at: dt.time | None
    leave_word: int | None
    name_key: str

    def in_order(self) -> tuple[int, str, UUID]:
        """As ``by_name``, by what the database has made of the names: to fold sixty was a seventh of reading a roll."""
        return self.roll_number or 10_000, self.name_key, self.sourced_id

    @property
    def full_name(self) -> str:
        """As ``Student`` has it."""
        return " ".join(part for part in (self.given_name, self.middle_name, self.family_name) if part)

    def put_into(self, book: OfficeBook, place: Place) -> None:
        """Put down in ``book`` what the office says of them that day."""
        if self.period_word is not None and place.period is not None:
            word = OfficeWord(self.period_word, self.period_arrived_at, self.period_left_at)
            book.add_entry(self.key, place.day, place.period.pk, word)
        if self.day_word is not None:
            word = OfficeWord(self.day_word, self.day_arrived_at, self.day_left_at)
            book.add_entry(self.key, place.day, None, word)
        if self.leave_word is not None:
            book.add_leave(self.key, place.day, place.day, OfficeWord(self.leave_word))


# As ``Place.roster`` and ``office_book`` say it: a test holds them to one another. Who is on the roll; who is recorded
# and no longer on it; and what the office says of each.
_ROLL = Statement(f"""
WITH there AS (
{LISTED}
    UNION ALL
    SELECT r.student_id, false, NULL FROM attendance_attendancerecord r WHERE r.session_id = %(sheet)s::bigint
), each_once AS (
    SELECT student_id, bool_or(listed) AS listed, max(roll_number) AS roll_number FROM there GROUP BY student_id
)
SELECT st.id, st.sourced_id, st.given_name, st.middle_name, st.family_name, st.preferred_name, st.admission_number,
       o.roll_number, o.listed AND st.merged_into_id IS NULL, r.code, r.teacher_code_id, r.office_code_id, r.state,
       r.excused, r.arrived_at, r.left_at, r.remark, r.teacher_arrived_at,
       r.teacher_left_at, p.code_id, p.arrived_at, p.left_at, d.code_id, d.arrived_at,
       d.left_at, l.code_id, st.name_key
  FROM each_once o
  JOIN students_student st ON st.id = o.student_id
  LEFT JOIN attendance_attendancerecord r ON r.session_id = %(sheet)s::bigint AND r.student_id = st.id
  LEFT JOIN attendance_deskentry p
         ON p.student_id = st.id AND p.day = %(day)s::date AND p.period_id = %(period)s::bigint
  LEFT JOIN attendance_deskentry d ON d.student_id = st.id AND d.day = %(day)s::date AND d.period_id IS NULL
  LEFT JOIN attendance_leave l ON l.student_id = st.id AND l.state = 'approved'
        AND l.starts_on <= %(day)s::date AND l.ends_on >= %(day)s::date
 WHERE st.merged_into_id IS NULL OR r.id IS NOT NULL
 ORDER BY st.id
""")  # noqa: S608 - ours


def rows_of_roll(place: Place, sheet: AttendanceSession | None) -> list[RollRow]:
    """Everybody of a roll, whoever may see them, by key."""
    found = _ROLL.rows(
        **members_asked(place),
        sheet=sheet.pk if sheet is not None else None,
        period=place.period.pk if place.period is not None else None,
    )
    return [RollRow(*row) for row in found]


def book_of(everybody: Iterable[RollRow], place: Place) -> OfficeBook:
    """What the office says of these students that day."""
    book = OfficeBook()
    for row in everybody:
        row.put_into(book, place)
    return book


class Recorded(Protocol):
    """The columns of a record that a roll shows."""

    @property
    def code(self) -> int | None: ...
    @property
    def teacher_code_id(self) -> int | None: ...
    @property
    def office_code_id(self) -> int | None: ...
    @property
    def state(self) -> str: ...
    @property
    def excused(self) -> bool: ...
    @property
    def arrived_at(self) -> dt.time | None: ...
    @property
    def left_at(self) -> dt.time | None: ...
    @property
    def remark(self) -> str: ...


def taken(row: Recorded, codes: CodeBook) -> dict[str, Any]:
    """What a roll says of a student: the columns of a record."""
    return {
        "code": codes.by_key[row.code].code if row.code else None,
        "teacher_code": codes.by_key[row.teacher_code_id].code if row.teacher_code_id else None,
        "office_code": codes.by_key[row.office_code_id].code if row.office_code_id else None,
        "state": row.state,
        "excused": row.excused,
        "arrived_at": row.arrived_at,
        "left_at": row.left_at,
        "remark": row.remark,
    }


def suggested(word: OfficeWord | None, codes: CodeBook, *, taken: bool) -> dict[str, Any]:
    """What a roll suggests of a student of whom it says nothing. ``taken``: whether anybody has taken it."""
    # A student who came onto a roll after it was taken has no mark: nobody has said that they were there.
    code = codes.by_key[word.code_id] if word is not None else None if taken else codes.default()
    return {
        "code": code.code if code is not None else None,
        "teacher_code": None,
        "office_code": code.code if code is not None and word is not None else None,
        "state": code.state if code is not None else None,
        "excused": code.excused if code is not None else False,
        "arrived_at": word.arrived_at if word is not None else None,
        "left_at": word.left_at if word is not None else None,
        "remark": "",
    }


def changes_since(sheet: AttendanceSession, version: int) -> dict[str, Any]:
    """Who changed a roll after ``version``, when, and what: for the teacher whose page is older."""
    rows = (
        # By key: a roll that nobody has taken has none, and no changes.
        AttendanceChange.objects.filter(session_id=sheet.pk, session_version__gt=version)
        .order_by("id")
        .values("student__sourced_id", "before", "after", "at", "by__sourced_id", "by__given_name", "by__family_name")
    )
    taker = sheet.taken_by
    return {
        "changed_by": {"id": str(taker.sourced_id), "name": str(taker)} if taker is not None else None,
        "changed_at": sheet.taken_at,
        "changes": [
            {
                "student_id": str(row["student__sourced_id"]),
                "before": row["before"],
                "after": row["after"],
                "by": f"{row['by__given_name']} {row['by__family_name']}".strip(),
                "at": row["at"],
            }
            for row in rows
        ],
    }
