"""Rolls as people read them: one roll before and after it was taken, what changed in it, and its history."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q

from apps.access import services as access
from apps.accounts.models import User
from apps.attendance.models import AttendanceChange, AttendanceRecord, AttendanceSession
from apps.attendance.selectors.office import CodeBook, OfficeWord, office_book
from apps.attendance.selectors.places import Place, SessionKey, place_of, place_of_roll, why_locked
from apps.students.models import SectionMembership, Student
from schoolops import clock
from schoolops.folding import name_key

NAMES = ("given_name", "middle_name", "family_name", "preferred_name", "admission_number")


def roll(key: SessionKey, *, by: User) -> dict[str, Any]:
    """One roll with the students on it as of its day, whether it was taken or not. The same number of queries always.

    Before it was taken ``version`` is 0 and each record suggests what the office says, else the default code. Students
    out of ``by``'s reach are left out (a guardian sees their own). A student who is recorded but no longer on the
    roster, because enrolments were corrected, has ``on_roster`` false.

    Raises:
        PermissionMissing, OutOfReach, PeriodUnknown.
    """
    access.require(by, "attendance.view")
    place = place_of(key)
    access.require_row(by, "attendance.view", place.kind, place.group, day=key.day)
    reach = access.within_reach(by, "attendance.view", "student", day=key.day)
    sheet = place.sessions().select_related("taken_by").first()
    return {**heading(place, sheet), "records": _records(place, sheet, reach)}


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


def _records(place: Place, sheet: AttendanceSession | None, reach: Q) -> list[dict[str, Any]]:
    in_reach = Q() if reach == Q() else Q(pk__in=Student.objects.filter(reach).values("pk"))
    roster = {
        row["id"]: row
        for row in Student.objects.filter(place.roster(), in_reach).values("id", "sourced_id", *NAMES).order_by("id")
    }
    numbers = _roll_numbers(place)
    codes = CodeBook()
    said = _said(sheet, reach)
    office = office_book(list(roster), place.day, place.day)
    rows = []
    for key in {**roster, **said}:
        student = roster.get(key) or said[key]
        word = office.word_on(key, place.day, place.period)
        told = taken(said[key], codes) if key in said else suggested(word, codes, taken=is_taken(sheet))
        rows.append(
            {
                "student_id": student["sourced_id"],
                **{name: student[name] for name in NAMES},
                "roll_number": numbers.get(key),
                "on_roster": key in roster,
                **told,
            }
        )
    return sorted(rows, key=by_name)


def by_name(row: dict[str, Any]) -> tuple[Any, ...]:
    """The order of a roll: by number, then by name."""
    return row["roll_number"] or 10_000, name_key(row["family_name"], row["given_name"]), row["student_id"]


def is_taken(sheet: AttendanceSession | None) -> bool:
    """Whether anybody has taken it."""
    return sheet is not None and sheet.taken_at is not None


def _roll_numbers(place: Place) -> dict[int, int | None]:
    homeroom = place.group.pk if place.section is not None else place.course_class and place.course_class.section_id
    return dict(
        SectionMembership.objects.on(place.day).filter(section=homeroom).values_list("student_id", "roll_number")
    )


def _said(sheet: AttendanceSession | None, reach: Q) -> dict[int, dict[str, Any]]:
    records = AttendanceRecord.objects.filter(session=sheet.pk if sheet is not None else None)
    if reach != Q():
        records = records.filter(student__in=Student.objects.filter(reach))
    rows: Any = records.values(
        "student_id",
        "code",
        "teacher_code_id",
        "office_code_id",
        "state",
        "excused",
        "arrived_at",
        "left_at",
        "remark",
        sourced_id=F("student__sourced_id"),
        **{name: F(f"student__{name}") for name in NAMES},
    )
    return {row["student_id"]: row for row in rows}


def taken(row: dict[str, Any], codes: CodeBook) -> dict[str, Any]:
    """What a roll says of a student: the columns of a record."""
    return {
        "code": codes.by_key[row["code"]].code,
        "teacher_code": codes.by_key[row["teacher_code_id"]].code if row["teacher_code_id"] else None,
        "office_code": codes.by_key[row["office_code_id"]].code if row["office_code_id"] else None,
        "state": row["state"],
        "excused": row["excused"],
        "arrived_at": row["arrived_at"],
        "left_at": row["left_at"],
        "remark": row["remark"],
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
