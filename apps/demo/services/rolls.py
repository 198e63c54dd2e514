"""Rolls of many days at once, with the absences of real children: illness lasts days, and a few miss a lot."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.accounts.models import User
from apps.attendance.models import AttendanceCode, AttendanceSession, DayState
from apps.attendance.services import Days, derive_days
from apps.institutions.models import Section
from apps.students.models import Student

# The share of absences by ISO weekday and by month, as registers show it: Mondays, Fridays, the winter's colds.
WEEKDAYS = {1: 1.2, 2: 0.95, 3: 0.9, 4: 0.95, 5: 1.3, 6: 1.0, 7: 1.0}
MONTHS = {1: 1.5, 2: 1.6, 3: 1.2, 4: 0.9, 5: 0.8, 6: 0.9, 7: 1.1, 8: 0.7, 9: 0.7, 10: 0.9, 11: 1.2, 12: 1.4}
LATE = 0.018
# Who changed what, for as many of the last days: nobody asks for longer, and it is a third of the time.
HISTORY_DAYS = 30
COLUMNS = (
    "session_id", "student_id", "institution_id", "section_id", "day", "teacher_code_id", "office_code_id", "state",
    "excused", "arrived_at", "teacher_arrived_at", "remark", "changed_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """A section of one year with its students, all there for the whole of it, and the login that takes its rolls."""

    section: Section
    students: list[Student]
    teacher: User


@dataclass(slots=True)
class Illness:
    """Until when a child stays at home, and what the office was told."""

    until: dt.date = dt.date.min
    office: bool = False


def take_rolls(dice: random.Random, groups: Sequence[Group], days: Sequence[dt.date]) -> tuple[int, int]:
    """Every section's roll of every day: the sessions, the records, their history, and the days that follow."""
    taken = [
        (group, AttendanceSession(
            institution_id=group.section.institution_id,
            section=group.section,
            day=day,
            state=AttendanceSession.State.SUBMITTED,
            version=1,
            taken_by=group.teacher,
            taken_at=dt.datetime.combine(day, dt.time(8, 45), dt.UTC),
        ))
        for group in groups
        for day in days
        if group.section.year.contains(day)
    ]  # fmt: skip
    AttendanceSession.objects.bulk_create((session for _, session in taken), batch_size=2000)
    # Read before: nothing can be asked while a COPY runs.
    codes = {code.code: code for code in AttendanceCode.objects.all()}
    absences = records = 0
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY attendance_attendancerecord ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in _records(dice, taken, codes):
                copy.write_row(row)
                records += 1
                absences += row[7] == DayState.ABSENT
        cursor.execute(_HISTORY, {"since": days[-HISTORY_DAYS:][0] if days else None})
    students = sorted({student.pk for group in groups for student in group.students})
    for first in range(0, len(days), 20):
        derive_days(Days(days[first], days[min(first + 19, len(days) - 1)], tuple(students)))
    return records, absences


_HISTORY = """
INSERT INTO attendance_attendancechange (session_id, student_id, day, session_version, before, after, by_id, at)
SELECT r.session_id, r.student_id, r.day, s.version, NULL,
       jsonb_strip_nulls(jsonb_build_object('code', c.code, 'teacher_code', t.code, 'office_code', o.code,
                                            'arrived_at', to_char(r.arrived_at, 'HH24:MI'))),
       s.taken_by_id, s.taken_at
  FROM attendance_attendancerecord r
  JOIN attendance_attendancesession s ON s.id = r.session_id
  JOIN attendance_attendancecode c ON c.id = r.code
  LEFT JOIN attendance_attendancecode t ON t.id = r.teacher_code_id
  LEFT JOIN attendance_attendancecode o ON o.id = r.office_code_id
 WHERE r.day >= %(since)s
"""


def _records(
    dice: random.Random, taken: Sequence[tuple[Group, AttendanceSession]], codes: dict[str, AttendanceCode]
) -> Iterator[tuple[Any, ...]]:
    """A record per student and roll, in the order of ``COLUMNS``. Illness lasts days; a few children miss a lot."""
    present, absent, late, excused, sick = (codes[letter] for letter in "PALES")
    prone: dict[int, float] = {}
    illness: dict[int, Illness] = {}
    for group, session in taken:
        day = session.day
        usual = 0.026 * WEEKDAYS[day.isoweekday()] * MONTHS[day.month]
        for student in group.students:
            if student.pk not in prone:
                prone[student.pk] = dice.choices((0.4, 1.0, 2.2, 7.0), (45, 40, 12, 3))[0]
                illness[student.pk] = Illness()
            ill = illness[student.pk]
            arrived_at = office = None
            code = present
            if day > ill.until and dice.random() < usual * prone[student.pk]:
                ill.until = day + dt.timedelta(days=dice.choice((0, 0, 1, 1, 2, 4)))
                ill.office = dice.random() < 0.7
            if day <= ill.until:
                code, office = (absent, sick) if ill.office else (dice.choice((absent, excused)), None)
            elif dice.random() < LATE * prone[student.pk]:
                code, arrived_at = late, dt.time(9, dice.randrange(2, 40))
            counts = office or code
            yield (
                session.pk, student.pk, session.institution_id, session.section_id, day, code.pk,
                office.pk if office else None, counts.state, counts.excused, arrived_at,
                None if office else arrived_at, "", session.taken_at,
            )  # fmt: skip
