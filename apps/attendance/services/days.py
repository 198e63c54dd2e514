"""A student's day, derived from every roll of that day by one statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from apps.attendance.events import DaysDerived
from apps.attendance.models import AttendancePolicy, DailyAttendance
from schoolops import events

# A record misses its whole roll when absent, half of it or more when half, and otherwise (or beyond that) the minutes
# before the arrival and after the departure. A daily roll stands for the school day, another for its period. The share
# of all minutes that rolls were taken for decides what the day counts as. Minutes missed: of the school day where
# there is a daily roll (it and the periods cover each other), else of the periods.
_DERIVE = """
WITH said AS (
    SELECT r.student_id, r.day, r.institution_id, r.section_id, r.state, r.excused, r.arrived_at, r.left_at, c.late,
           s.period_id IS NULL AS daily,
           COALESCE(p.starts_at, d.starts_at, q.day_starts_at, %(day_starts_at)s) AS starts_at,
           COALESCE(p.ends_at, d.ends_at, q.day_ends_at, %(day_ends_at)s) AS ends_at,
           COALESCE(q.absent_from_share, %(absent_from_share)s) AS absent_from,
           COALESCE(q.half_from_share, %(half_from_share)s) AS half_from
      FROM attendance_attendancerecord r
      JOIN attendance_attendancesession s ON s.id = r.session_id
      JOIN attendance_attendancecode c ON c.id = r.code
      LEFT JOIN timetable_period p ON p.id = s.period_id
      LEFT JOIN attendance_attendancepolicy q ON q.institution_id = r.institution_id
      LEFT JOIN institutions_calendarday d
             ON d.institution_id = r.institution_id AND d.day = r.day AND d.kind = 'timing-change'
     WHERE r.student_id = ANY(%(students)s) AND r.day = ANY(%(days)s)
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
    SELECT student_id, day, max(institution_id) AS institution_id, max(section_id) AS section_id,
           sum(missing) / sum(minutes) AS share, max(absent_from) AS absent_from, max(half_from) AS half_from,
           COALESCE(bool_and(excused) FILTER (WHERE missing > 0), false) AS excused, bool_or(late) AS late,
           COALESCE(max(minutes) FILTER (WHERE daily), sum(minutes)) AS minutes
      FROM missed GROUP BY student_id, day
), emptied AS (
    DELETE FROM attendance_dailyattendance a
     WHERE a.student_id = ANY(%(students)s) AND a.day = ANY(%(days)s)
       AND NOT EXISTS (SELECT 1 FROM days WHERE days.student_id = a.student_id AND days.day = a.day)
)
INSERT INTO attendance_dailyattendance AS known
       (student_id, institution_id, section_id, day, state, excused, late, minutes_missed)
SELECT d.student_id, d.institution_id, COALESCE(home.section_id, d.section_id), d.day,
       CASE WHEN d.share >= d.absent_from THEN 'absent' WHEN d.share >= d.half_from THEN 'half' ELSE 'present' END,
       d.excused, d.late, round(d.share * d.minutes)
  FROM days d
  LEFT JOIN LATERAL (
       SELECT m.section_id FROM students_sectionmembership m
         JOIN students_enrolment e ON e.id = m.enrolment_id
        WHERE m.student_id = d.student_id AND m.starts_on <= d.day AND COALESCE(m.ends_on, e.year_ends_on + 1) > d.day
        ORDER BY e."primary" DESC, m.starts_on DESC LIMIT 1) home ON true
 ORDER BY d.student_id, d.day
ON CONFLICT (student_id, day) DO UPDATE
   SET institution_id = EXCLUDED.institution_id, section_id = EXCLUDED.section_id, state = EXCLUDED.state,
       excused = EXCLUDED.excused, late = EXCLUDED.late, minutes_missed = EXCLUDED.minutes_missed
 WHERE (known.institution_id, known.section_id, known.state, known.excused, known.late, known.minutes_missed)
       IS DISTINCT FROM (EXCLUDED.institution_id, EXCLUDED.section_id, EXCLUDED.state, EXCLUDED.excused, EXCLUDED.late,
                         EXCLUDED.minutes_missed)
"""
RULES = ("day_starts_at", "day_ends_at", "absent_from_share", "half_from_share")


def derive_days(*, students: Sequence[int], days: Sequence[dt.date]) -> None:
    """Make the days of these students (by key) what their rolls say; a day without a roll goes away. One statement.

    Two writers of one student's day must not derive it at once: both hold the student (``selectors.held``).
    Made for a class or a leave; whoever loads a year (some 40 µs a record) runs ANALYZE before, or the plan is for a
    table that was nearly empty.
    """
    if not (students and days):
        return
    usual = AttendancePolicy()
    defaults = {name: getattr(usual, name) for name in RULES}
    with connection.cursor() as cursor:
        cursor.execute(_DERIVE, {**defaults, "students": list(students), "days": list(days)})
    events.publish(DaysDerived(tuple(days)))


def derive_days_since(*, students: Sequence[int], since: dt.date) -> None:
    """Derive again the days of students (by key) from ``since`` on: they belong to other sections now.

    Two statements for any number of students.
    """
    held = DailyAttendance.objects.filter(student__in=students, day__gte=since)
    days = held.order_by("day").values_list("day", flat=True).distinct()
    derive_days(students=students, days=list(days))
