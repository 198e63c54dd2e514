"""A student's day, derived from every mark of that day that counts: by one statement, whatever it followed from."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.db import connection, transaction

from apps.attendance import selectors
from apps.attendance.events import DaysDerived
from apps.attendance.models import AttendancePolicy
from apps.attendance.selectors.marks_that_count import COUNTS
from apps.institutions.models import Institution
from schoolops import events, queues
from schoolops.observability import metrics
from schoolops.tenancy.prepared import Statement

log = logging.getLogger("apps.attendance")

# So many marks are derived in a second or two: within a request, or in one transaction of a job.
AT_ONCE = 20_000
RULES = ("day_starts_at", "day_ends_at", "absent_from_share", "half_from_share")


@dataclass(frozen=True, slots=True)
class Days:
    """The days from ``first`` to ``last``, both included, of ``students`` (by key).

    With ``institution`` rather than students: of whoever was marked there, in years that are not closed. What a closed
    year counted stays as it was when it was closed, whatever the rules become.
    """

    first: dt.date = dt.date.min
    last: dt.date = dt.date.max
    students: tuple[int, ...] = ()
    institution: int | None = None

    def parameters(self) -> dict[str, Any]:
        return {
            "students": list(self.students),
            "institution": self.institution,
            # PostgreSQL's daterange takes no year 1, and nobody was marked then.
            "first": max(self.first, dt.date(1900, 1, 1)),
            "last": self.last,
        }


@dataclass(frozen=True, slots=True)
class Derived:
    """How many ``marks`` were looked at, and how many ``days`` count as something else than before."""

    marks: int
    days: int


_OPEN = """
    {day} BETWEEN %(first)s AND %(last)s AND NOT EXISTS (
        SELECT FROM institutions_academicyear y
         WHERE y.institution_id = %(institution)s AND y.state = 'closed' AND {day} BETWEEN y.starts_on AND y.ends_on)
"""
# The marks ``r`` and the derived days ``a`` that are meant.
_MEANT = {
    "students": {
        "marks": "r.student_id = ANY(ARRAY(SELECT id FROM students_student"
        " WHERE id = ANY(%(students)s) OR merged_into_id = ANY(%(students)s)))"
        " AND r.day BETWEEN %(first)s AND %(last)s",
        "days": "a.student_id = ANY(%(students)s) AND a.day BETWEEN %(first)s AND %(last)s",
    },
    "institution": {
        "marks": f"r.institution_id = %(institution)s AND {_OPEN.format(day='r.day')}",
        "days": f"a.institution_id = %(institution)s AND {_OPEN.format(day='a.day')}",
    },
}
_COUNT = """
SELECT day, sum(marks)::integer FROM (
    SELECT r.day, count(*) AS marks FROM attendance_attendancerecord r WHERE {marks} GROUP BY r.day
    UNION ALL
    SELECT DISTINCT a.day, 0 FROM attendance_dailyattendance a WHERE {days}) counted
GROUP BY day ORDER BY day
"""
# A record misses its whole roll when absent, half of it or more when half, and otherwise (or beyond that) the minutes
# before the arrival and after the departure. A daily roll stands for the school day, another for its period. The share
# of all minutes that rolls were taken for decides what the day counts as. Minutes missed: of the school day where
# there is a daily roll (it and the periods cover each other), else of the periods.
# Of two records of one child one speaks of a day: the kept one, else (``COUNTS``) a duplicate, the oldest of them.
_DERIVED = """
WITH touched AS MATERIALIZED (
    -- Whose days: the child's, also where the mark is of a record that was merged into theirs.
    SELECT COALESCE(st.merged_into_id, st.id) AS child, r.day
      FROM attendance_attendancerecord r JOIN students_student st ON st.id = r.student_id WHERE {marks}
    UNION
    SELECT a.student_id, a.day FROM attendance_dailyattendance a WHERE {days}
), theirs AS MATERIALIZED (
    SELECT r.id, t.child
      FROM touched t
      JOIN attendance_attendancerecord r ON r.student_id = t.child AND r.day = t.day
     WHERE (SELECT merged_into_id FROM students_student WHERE id = t.child) IS NULL
    UNION ALL
    SELECT r.id, t.child
      FROM touched t
      JOIN students_student st ON st.merged_into_id = t.child
      JOIN attendance_attendancerecord r ON r.student_id = st.id AND r.day = t.day
), counting AS (
    SELECT theirs.child, attendance_attendancerecord.*,
           min(attendance_attendancerecord.student_id) OVER (
               PARTITION BY theirs.child, attendance_attendancerecord.day) AS speaks
      FROM theirs JOIN attendance_attendancerecord USING (id)
     WHERE {counts}
), said AS (
    SELECT r.child, r.day, r.institution_id, r.section_id, r.state, r.excused, r.arrived_at, r.left_at, c.late,
           s.period_id IS NULL AS daily,
           COALESCE(p.starts_at, d.starts_at, q.day_starts_at, %(day_starts_at)s) AS starts_at,
           COALESCE(p.ends_at, d.ends_at, q.day_ends_at, %(day_ends_at)s) AS ends_at,
           COALESCE(q.absent_from_share, %(absent_from_share)s) AS absent_from,
           COALESCE(q.half_from_share, %(half_from_share)s) AS half_from
      FROM counting r
      JOIN attendance_attendancesession s ON s.id = r.session_id
      JOIN attendance_attendancecode c ON c.id = r.code
      LEFT JOIN timetable_period p ON p.id = s.period_id
      LEFT JOIN attendance_attendancepolicy q ON q.institution_id = r.institution_id
      LEFT JOIN LATERAL (
           SELECT starts_at, ends_at FROM institutions_calendarday
            WHERE institution_id = r.institution_id AND day = r.day AND kind = 'timing-change' OFFSET 0) d ON true
     WHERE r.student_id = r.speaks
), weighed AS (
    SELECT *, GREATEST(1, EXTRACT(EPOCH FROM ends_at - starts_at) / 60) AS minutes,
           GREATEST(0, EXTRACT(EPOCH FROM arrived_at - starts_at) / 60)
           + GREATEST(0, EXTRACT(EPOCH FROM ends_at - left_at) / 60) AS away
      FROM said
), missed AS (
    SELECT *, CASE state WHEN 'absent' THEN minutes
                         WHEN 'half' THEN LEAST(minutes, GREATEST(minutes / 2, away))
                         ELSE LEAST(minutes, away) END AS missing
      FROM weighed
), days AS (
    SELECT child, day, max(institution_id) AS institution_id, max(section_id) AS section_id,
           sum(missing) / sum(minutes) AS share, max(absent_from) AS absent_from, max(half_from) AS half_from,
           COALESCE(bool_and(excused) FILTER (WHERE missing > 0), false) AS excused, bool_or(late) AS late,
           COALESCE(max(minutes) FILTER (WHERE daily), sum(minutes)) AS minutes
      FROM missed GROUP BY child, day
), derived AS (
    SELECT d.child AS student_id, d.institution_id, COALESCE(home.section_id, d.section_id) AS section_id, d.day,
           CASE WHEN d.share >= d.absent_from THEN 'absent' WHEN d.share >= d.half_from THEN 'half'
                ELSE 'present' END AS state,
           d.excused, d.late, round(d.share * d.minutes)::smallint AS minutes_missed
      FROM days d
      LEFT JOIN LATERAL (
           SELECT m.section_id FROM students_sectionmembership m
             JOIN students_enrolment e ON e.id = m.enrolment_id
            WHERE m.student_id = d.child AND m.starts_on <= d.day AND COALESCE(m.ends_on, e.year_ends_on + 1) > d.day
            ORDER BY e."primary" DESC, m.starts_on DESC LIMIT 1) home ON true
)
"""
_VALUES = "institution_id, section_id, state, excused, late, minutes_missed"


def _prefixed(name: str) -> str:
    return ", ".join(f"{name}.{column}" for column in _VALUES.split(", "))


_WRITE = f"""
, emptied AS (
    -- Grouped rather than joined: no statistics are known of what is made here, and a nested loop would be quadratic.
    DELETE FROM attendance_dailyattendance a USING (
        SELECT child, day FROM (
            SELECT child, day, false AS counts FROM touched UNION ALL SELECT student_id, day, true FROM derived) both_
         GROUP BY child, day HAVING NOT bool_or(counts)) gone
     WHERE a.student_id = gone.child AND a.day = gone.day
    RETURNING 1
), written AS (
    INSERT INTO attendance_dailyattendance AS known (student_id, day, {_VALUES})
    SELECT student_id, day, {_VALUES} FROM derived ORDER BY student_id, day
    ON CONFLICT (student_id, day) DO UPDATE SET ({_VALUES}) = ROW({_prefixed("EXCLUDED")})
     WHERE ({_prefixed("known")}) IS DISTINCT FROM ({_prefixed("EXCLUDED")})
    RETURNING 1
)
SELECT (SELECT count(*) FROM theirs), (SELECT count(*) FROM emptied) + (SELECT count(*) FROM written)
"""  # noqa: S608 - our own columns
_COMPARE = f"""
, known AS (
    SELECT a.student_id, a.day, {_prefixed("a")}
      FROM touched t JOIN attendance_dailyattendance a ON a.student_id = t.child AND a.day = t.day
)
SELECT (SELECT count(*) FROM theirs),
       (SELECT count(*) FROM known FULL JOIN derived USING (student_id, day)
         WHERE ({_prefixed("known")}) IS DISTINCT FROM ({_prefixed("derived")}))
"""  # noqa: S608 - our own columns


@cache
def _prepared(sql: str) -> Statement:
    return Statement(sql, waits=True)


def _asked(days: Days, statement: str) -> list[tuple[Any, ...]]:
    usual = AttendancePolicy()
    asked = {**{name: getattr(usual, name) for name in RULES}, **days.parameters()}
    sql = statement.format(**_MEANT["students" if days.institution is None else "institution"], counts=COUNTS)
    if days.first == days.last and days.institution is None:
        # What every roll ends with. Any other stretch is planned for what it is.
        return _prepared(sql).rows(**asked)
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def derive_days(days: Days) -> Derived:
    """Make these days what their marks say by the rules of now; a day without a mark that counts goes away.

    Two writers of one student's day must not derive it at once. For students the caller holds them
    (``selectors.locked_students``); for an institution nobody else derives anything until the transaction ends, so
    whoever marks a roll meanwhile waits, and derives by the new rules.

    One statement (two for an institution); some 80 µs a mark. Many are for ``derive_in_chunks``.
    """
    if days.institution is None and not days.students:
        return Derived(0, 0)
    if days.institution is not None:
        with connection.cursor() as cursor:
            # Before the statement takes its snapshot: it sees what those have written for whom it waited.
            cursor.execute("LOCK TABLE attendance_dailyattendance IN SHARE ROW EXCLUSIVE MODE")
    derived = Derived(*_asked(days, _DERIVED + _WRITE)[0])
    events.publish(DaysDerived(derived.days))
    return derived


def days_that_differ(days: Days) -> int:
    """How many of these days are not what their marks say. Changes nothing; one statement a chunk and one for all."""
    return sum(_asked(chunk, _DERIVED + _COMPARE)[0][1] for chunk, _ in in_chunks(days))


def marks_of(days: Days) -> int:
    """How many marks these days are made of. One statement."""
    return sum(size for _, size in _asked(days, _COUNT))


def in_chunks(days: Days) -> Iterator[tuple[Days, int]]:
    """The same in stretches of days with at most ``AT_ONCE`` marks (or a single day), each with its number of marks."""
    first: dt.date | None = None
    last, size = days.first, 0
    for day, count in _asked(days, _COUNT):
        if first is not None and size + count > AT_ONCE:
            yield replace(days, first=first, last=last), size
            first, size = None, 0
        first, last, size = first or day, day, size + count
    if first is not None:
        yield replace(days, first=first, last=last), size


def derive_in_chunks(days: Days) -> Derived:
    """As ``derive_days`` for any number of marks: each chunk is a transaction of its own, and holds what it needs."""
    chunks = list(in_chunks(days))
    of, done, changed = sum(size for _, size in chunks), 0, 0
    for chunk, size in chunks:
        with transaction.atomic():
            selectors.locked_students(days.students)
            changed += derive_days(chunk).days
        done += size
        queues.progress(done, of)
    with queues.finishing():
        pass
    return Derived(of, changed)


def check_days() -> int:
    """Compare every day of the years that are not closed with its marks, and tell the operators where any differ.

    How many do. Nothing is changed: who looks for the cause still finds it, and ``manage.py derive_days`` heals.
    """
    differ = 0
    for campus in Institution.objects.order_by("pk"):
        if here := days_that_differ(Days(institution=campus.pk)):
            log.error("%s days of attendance at %s are not what their marks say", here, campus.name)
        differ += here
    metrics.DERIVED_DRIFT.count(times=differ)
    return differ
