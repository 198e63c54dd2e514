"""The statements of the floors: each checks who asks, what they may and what they reach, as ours do."""

from __future__ import annotations

NAMES = "st.given_name, st.middle_name, st.family_name, st.preferred_name, st.admission_number"
# Who asks: by the digest of an access token, or by the key of a session.
BY_BEARER = """who AS (
    SELECT u.* FROM accounts_token t
      JOIN accounts_tokenfamily f ON f.id = t.family_id JOIN accounts_user u ON u.id = f.user_id
     WHERE t.digest = %(digest)s AND t.kind = 'a' AND t.expires_at > %(now)s AND f.revoked_at IS NULL
       AND NOT f.setup_only AND u.is_active AND COALESCE(u.access_until > %(now)s, true)
)"""
BY_SESSION = """who AS (
    SELECT u.* FROM django_session s JOIN accounts_user u ON u.id = %(user)s
     WHERE s.session_key = %(session)s AND s.expire_date > %(now)s
       AND u.is_active AND COALESCE(u.access_until > %(now)s, true)
)"""
# What they may do with it, and which sections and classes are theirs where it is not everything.
MAY = """, may AS MATERIALIZED (
    SELECT r.scope, a.institution_id FROM who
      JOIN access_roleassignment a ON a.user_id = who.id JOIN access_role r ON r.id = a.role_id
     WHERE COALESCE(a.starts_on <= %(today)s, true) AND COALESCE(a.ends_on > %(today)s, true)
       AND (r.code = 'administrator' OR EXISTS (
            SELECT FROM access_rolepermission p WHERE p.role_id = r.id AND p.permission = %(permission)s))
), taught AS MATERIALIZED (
    SELECT a.section_id, a.course_class_id FROM who
      JOIN staff_staffmember m ON m.user_id = who.id AND COALESCE(m.ends_on > %(today)s, true)
      JOIN staff_teachingassignment a ON a.staff_id = m.id AND a.starts_on <= %(day)s
                                     AND COALESCE(a.ends_on > %(day)s, true)
     WHERE EXISTS (SELECT FROM may WHERE scope = 'teacher')
    UNION ALL
    SELECT s.section_id, s.course_class_id FROM who
      JOIN staff_staffmember m ON m.user_id = who.id JOIN staff_substitution s ON s.staff_id = m.id
     WHERE s.day = %(day)s AND EXISTS (SELECT FROM may WHERE scope = 'teacher')
)"""
EVERYTHING = """EXISTS (SELECT FROM may WHERE scope = 'everything'
    AND (institution_id IS NULL OR institution_id = {at}))"""
HELD = "{m}.starts_on <= %(day)s AND COALESCE({m}.ends_on > %(day)s, true)"

PLACE = """
SELECT g.id, p.id AS period_key, g.sourced_id AS group_id, s.id AS roll, s.sourced_id, s.version, s.state,
       s.taken_at, s.locked_reason, s.reopened_until, t.sourced_id AS taker,
       t.given_name || ' ' || t.family_name AS taker_name, i.timezone,
       g.{title} AS title, COALESCE(q.edit_window_days, 7) AS edit_window, i.id AS campus, who.id AS user_id,
       who.username
  FROM who, {table} g
  JOIN institutions_institution i ON i.id = g.institution_id
  JOIN institutions_academicyear y ON y.id = g.year_id
  LEFT JOIN attendance_attendancepolicy q ON q.institution_id = g.institution_id
  LEFT JOIN timetable_period p ON p.sourced_id = %(period)s AND p.institution_id = i.id
  LEFT JOIN attendance_attendancesession s
         ON s.{key} = g.id AND s.day = %(day)s AND s.period_id IS NOT DISTINCT FROM p.id
  LEFT JOIN accounts_user t ON t.id = s.taken_by_id
 WHERE g.sourced_id = %(group)s AND ({everything} OR g.id IN (SELECT {key} FROM taught))
"""
ON_ROLL = "SELECT m.student_id, {number} AS roll_number FROM {table} m WHERE m.{key} = %(group_key)s AND {held}"
ROSTER = {
    "section_id": ON_ROLL.format(
        number="m.roll_number", table="students_sectionmembership", key="section_id", held=HELD.format(m="m")
    ),
    "course_class_id": ON_ROLL.format(
        number="NULL::smallint", table="students_classenrolment", key="course_class_id", held=HELD.format(m="m")
    ),
}
RECORDS = f"""
SELECT st.id AS key, st.sourced_id AS student_id, {NAMES}, m.roll_number, c.code, tc.code AS teacher_code,
       oc.code AS office_code, r.state, r.excused, r.arrived_at, r.left_at, r.remark,
       COALESCE(e.code_id, l.code_id) AS word
  FROM ({{roster}}) m
  JOIN students_student st ON st.id = m.student_id AND st.merged_into_id IS NULL
  LEFT JOIN attendance_attendancerecord r ON r.session_id = %(roll)s AND r.student_id = st.id
  LEFT JOIN attendance_attendancecode c ON c.id = r.code
  LEFT JOIN attendance_attendancecode tc ON tc.id = r.teacher_code_id
  LEFT JOIN attendance_attendancecode oc ON oc.id = r.office_code_id
  LEFT JOIN attendance_deskentry e ON e.student_id = st.id AND e.day = %(day)s AND e.period_id IS NULL
  LEFT JOIN attendance_leave l ON l.student_id = st.id AND l.state = 'approved'
                              AND %(day)s BETWEEN l.starts_on AND l.ends_on
 ORDER BY COALESCE(m.roll_number, 10000), st.name_key, st.sourced_id
"""  # noqa: S608 - our own
CODES = (
    "SELECT id, code, name, state, excused, late, teacher_selectable FROM attendance_attendancecode ORDER BY position"
)
IN_REACH = """(EXISTS (SELECT FROM may WHERE scope = 'everything'
    AND (institution_id IS NULL OR institution_id = st.institution_id))
 OR st.id IN (SELECT m.student_id FROM students_sectionmembership m JOIN taught USING (section_id)
               WHERE {held})
 OR st.id IN (SELECT m.student_id FROM students_classenrolment m JOIN taught USING (course_class_id)
               WHERE {held}))""".format(held=HELD.format(m="m"))  # noqa: S608 - our own
STUDENTS = f"""
SELECT st.sourced_id AS id, st.status, st.date_last_modified AS "dateLastModified", i.sourced_id AS institution_id,
       st.admission_number, st.given_name, st.middle_name, st.family_name, st.preferred_name, st.birth_date, st.sex,
       on_day.section_id, on_day.section_name, on_day.grade_level_name, st.version, st.id AS key
  FROM students_student st
  JOIN institutions_institution i ON i.id = st.institution_id
  LEFT JOIN LATERAL (
       SELECT g.sourced_id AS section_id, g.name AS section_name, v.name AS grade_level_name
         FROM students_sectionmembership m JOIN institutions_section g ON g.id = m.section_id
         JOIN institutions_gradelevel v ON v.id = g.grade_level_id
        WHERE m.student_id = st.id AND {HELD.format(m="m")}
        ORDER BY m.starts_on DESC, m.id DESC LIMIT 1) on_day ON true
 WHERE st.merged_into_id IS NULL AND {IN_REACH} {{more}}
 ORDER BY st.name_key, st.id LIMIT 51
"""  # noqa: S608 - our own
ABSENTEES = f"""
SELECT st.sourced_id AS student_id, st.given_name, st.family_name, st.admission_number, g.sourced_id AS section_id,
       v.name || ' ' || g.name AS section, i.sourced_id AS institution_id, d.day, d.state, d.excused, d.minutes_missed
  FROM attendance_dailyattendance d
  JOIN students_student st ON st.id = d.student_id
  JOIN institutions_institution i ON i.id = d.institution_id
  LEFT JOIN institutions_section g ON g.id = d.section_id
  LEFT JOIN institutions_gradelevel v ON v.id = g.grade_level_id
 WHERE d.day = %(day)s AND d.state = 'absent' AND {IN_REACH}
 ORDER BY {{order}} st.name_key, st.id LIMIT 51
"""  # noqa: S608 - our own
HISTORY = f"""
SELECT r.day, s.sourced_id AS roll_id, g.sourced_id AS section_id, k.sourced_id AS class_id, k.title AS class,
       p.sourced_id AS period_id, p.name AS period, c.code, r.state, r.excused, r.arrived_at, r.left_at, r.remark,
       d.state AS day_counts_as, d.id IS NOT NULL AS counts, r.changed_at
  FROM students_student st
  JOIN attendance_attendancerecord r ON r.student_id = st.id
  JOIN attendance_attendancesession s ON s.id = r.session_id
  JOIN attendance_attendancecode c ON c.id = r.code
  LEFT JOIN attendance_dailyattendance d ON d.student_id = st.id AND d.day = r.day
  LEFT JOIN institutions_section g ON g.id = s.section_id
  LEFT JOIN institutions_courseclass k ON k.id = s.course_class_id
  LEFT JOIN timetable_period p ON p.id = s.period_id
 WHERE st.sourced_id = %(student)s AND {IN_REACH}
 ORDER BY r.day DESC, r.session_id DESC LIMIT 51
"""  # noqa: S608 - our own
ME = """
SELECT who.sourced_id AS id, who.username, who.email, who.given_name, who.family_name, who.language, who.access_until,
       r.code, r.name AS role_name, r.scope, i.sourced_id AS institution_id, array_agg(p.permission) AS permissions
  FROM who LEFT JOIN access_roleassignment a ON a.user_id = who.id LEFT JOIN access_role r ON r.id = a.role_id
  LEFT JOIN access_rolepermission p ON p.role_id = r.id LEFT JOIN institutions_institution i ON i.id = a.institution_id
 GROUP BY who.sourced_id, who.username, who.email, who.given_name, who.family_name, who.language, who.access_until,
          a.id, r.id, i.id
"""
TODAY = """
SELECT i.sourced_id AS institution_id, i.timezone, i.weekend, y.sourced_id AS year_id, y.name AS year,
       y.starts_on, y.ends_on, y.state, t.sourced_id AS term_id, t.name AS term, t.starts_on AS term_starts_on,
       t.ends_on AS term_ends_on, t.kind AS term_kind, c.kind, COALESCE(c.title, '') AS title
  FROM may, institutions_institution i
  LEFT JOIN institutions_academicyear y ON y.institution_id = i.id AND %(day)s BETWEEN y.starts_on AND y.ends_on
  LEFT JOIN institutions_term t ON t.year_id = y.id AND %(day)s BETWEEN t.starts_on AND t.ends_on
  LEFT JOIN institutions_calendarday c ON c.institution_id = i.id AND c.day = %(day)s
 ORDER BY i.id LIMIT 1
"""
MINE = f"""
SELECT 'daily' AS kind, i.sourced_id AS institution_id, g.sourced_id, v.name || ' ' || g.name AS title, g.room,
       v.name || ' ' || g.name AS section, false AS substitute, NULL::uuid AS period, NULL AS period_name,
       NULL::time AS starts_at, NULL::time AS ends_at, s.sourced_id AS roll, COALESCE(s.version, 0) AS version,
       COALESCE(s.state, 'open') AS state, s.taken_at,
       (SELECT count(DISTINCT m.student_id) FROM students_sectionmembership m
         WHERE m.section_id = g.id AND {HELD.format(m="m")}) AS students, 'section' AS what
  FROM taught JOIN institutions_section g ON g.id = taught.section_id
  JOIN institutions_gradelevel v ON v.id = g.grade_level_id
  JOIN institutions_institution i ON i.id = g.institution_id
  LEFT JOIN attendance_attendancesession s ON s.section_id = g.id AND s.day = %(day)s AND s.period_id IS NULL
UNION ALL
SELECT 'period', i.sourced_id, k.sourced_id, k.title, k.room, NULL, false, p.sourced_id, p.name, p.starts_at,
       p.ends_at, s.sourced_id, COALESCE(s.version, 0), COALESCE(s.state, 'open'), s.taken_at,
       (SELECT count(DISTINCT m.student_id) FROM students_classenrolment m
         WHERE m.course_class_id = k.id AND {HELD.format(m="m")}), 'class'
  FROM taught JOIN institutions_courseclass k ON k.id = taught.course_class_id
  JOIN institutions_institution i ON i.id = k.institution_id
  JOIN timetable_meeting t ON t.course_class_id = k.id AND t.weekday = EXTRACT(ISODOW FROM %(day)s::date)
  JOIN timetable_period p ON p.id = t.period_id
  LEFT JOIN attendance_attendancesession s ON s.course_class_id = k.id AND s.day = %(day)s AND s.period_id = p.id
 ORDER BY starts_at NULLS FIRST, title
"""  # noqa: S608 - our own
FIGURES = f"""
SELECT i.sourced_id, i.name, count(*) AS recorded, count(*) FILTER (WHERE d.state = 'present') AS present,
       count(*) FILTER (WHERE d.state = 'half') AS half, count(*) FILTER (WHERE d.state = 'absent') AS absent,
       count(*) FILTER (WHERE d.excused AND d.state <> 'present') AS excused, count(*) FILTER (WHERE d.late) AS late
  FROM attendance_dailyattendance d JOIN institutions_institution i ON i.id = d.institution_id
 WHERE d.day = %(day)s AND {EVERYTHING.format(at="d.institution_id")} GROUP BY i.id
"""  # noqa: S608 - our own
TREND = f"""
SELECT d.day, count(*) FILTER (WHERE d.state = 'present') AS present, count(*) FILTER (WHERE d.state = 'half') AS half,
       count(*) FILTER (WHERE d.state = 'absent') AS absent FROM attendance_dailyattendance d
 WHERE d.day > %(day)s::date - 40 AND d.day <= %(day)s AND {EVERYTHING.format(at="d.institution_id")}
 GROUP BY d.day ORDER BY d.day DESC LIMIT 10
"""  # noqa: S608 - our own
NOT_TAKEN = f"""
SELECT g.sourced_id, v.name || ' ' || g.name AS title, size.students
  FROM institutions_section g JOIN institutions_gradelevel v ON v.id = g.grade_level_id
  JOIN institutions_academicyear y ON y.id = g.year_id AND y.state = 'active'
  JOIN LATERAL (SELECT count(DISTINCT m.student_id) AS students FROM students_sectionmembership m
                 WHERE m.section_id = g.id AND {HELD.format(m="m")}) size ON size.students > 0
 WHERE g.status = 'active' AND {EVERYTHING.format(at="g.institution_id")} AND NOT EXISTS (
       SELECT FROM attendance_attendancesession s
        WHERE s.section_id = g.id AND s.day = %(day)s AND s.period_id IS NULL AND s.taken_at IS NOT NULL)
 ORDER BY v.position, g.name
"""  # noqa: S608 - our own
BIRTHDAYS = f"""
SELECT st.sourced_id, st.given_name, st.family_name, st.birth_date, v.name || ' ' || g.name AS section
  FROM students_sectionmembership m JOIN students_student st ON st.id = m.student_id
  JOIN institutions_section g ON g.id = m.section_id JOIN institutions_gradelevel v ON v.id = g.grade_level_id
 WHERE {HELD.format(m="m")} AND to_char(st.birth_date, 'MMDD') = ANY(%(days)s)
   AND {EVERYTHING.format(at="st.institution_id")}
"""  # noqa: S608 - our own

# --- marking ----------------------------------------------------------------------------------------------------------
LOCK = """
SELECT st.id, st.sourced_id FROM students_student st
 WHERE st.id IN (SELECT student_id FROM ({roster}) m) AND st.merged_into_id IS NULL
 ORDER BY st.id FOR NO KEY UPDATE
"""
WRITE = """
WITH roll AS (
    INSERT INTO attendance_attendancesession (sourced_id, institution_id, section_id, course_class_id, period_id, day,
           state, version, taken_by_id, taken_at, locked_reason, reopened_reason)
    VALUES (gen_random_uuid(), %(campus)s, %(section)s, %(course_class)s, %(period_key)s, %(day)s,
            'submitted', 1, %(user_id)s, %(now)s, '', '')
    RETURNING id
) SELECT id FROM roll
"""
MARKS = """
WITH said AS (
    SELECT st.student_id, c.id AS code_id, c.code, c.state, c.excused
      FROM unnest(%(students)s::bigint[], %(codes)s::text[]) AS st (student_id, code)
      JOIN attendance_attendancecode c ON c.code = st.code AND c.teacher_selectable AND NOT c.retired
), records AS (
    INSERT INTO attendance_attendancerecord (session_id, student_id, institution_id, section_id, day, teacher_code_id,
           state, excused, remark, changed_at)
    SELECT %(roll)s, student_id, %(campus)s, %(section)s, %(day)s, code_id, state, excused, '', %(now)s FROM said
    ON CONFLICT (session_id, student_id) DO UPDATE
       SET teacher_code_id = EXCLUDED.teacher_code_id, state = EXCLUDED.state, excused = EXCLUDED.excused
), history AS (
    INSERT INTO attendance_attendancechange (session_id, student_id, day, session_version, after, at, by_id)
    SELECT %(roll)s, student_id, %(day)s, 1, jsonb_build_object('code', code, 'teacher_code', code), %(now)s,
           %(user_id)s
      FROM said
), days AS (
    INSERT INTO attendance_dailyattendance (student_id, institution_id, section_id, day, state, excused, late,
           minutes_missed)
    SELECT student_id, %(campus)s, %(section)s, %(day)s, state, excused, false,
           CASE state WHEN 'absent' THEN 420 ELSE 0 END FROM said
    ON CONFLICT (student_id, day) DO UPDATE SET state = EXCLUDED.state, excused = EXCLUDED.excused
)
INSERT INTO audit_auditentry (at, actor_id, actor_name, action, object_type, object_id, after, reason, request_id)
SELECT %(now)s, %(user_id)s::text, %(username)s, 'attendance.marked', 'attendance.attendancesession', %(roll)s::text,
       jsonb_build_object('version', 1, 'students', count(*), 'absent', count(*) FILTER (WHERE state = 'absent')),
       '', ''
  FROM said
"""
# --- the day as a whole -----------------------------------------------------------------------------------------------
_ROLL_OF = """s.sourced_id AS roll, COALESCE(s.version, 0) AS version, COALESCE(s.state, 'open') AS state, s.taken_at"""
# Every roll that is expected on the day of what they reach, taken or not.
_EXPECTED = f""", expected AS (
SELECT 'daily' AS kind, i.id AS campus, i.sourced_id AS institution_id, g.sourced_id AS section_id,
       v.name || ' ' || g.name AS section, NULL::uuid AS class_id, v.name || ' ' || g.name AS title, g.room,
       NULL::uuid AS period, NULL AS period_name, NULL::time AS starts_at, NULL::time AS ends_at, {_ROLL_OF},
       size.students
  FROM institutions_section g JOIN institutions_gradelevel v ON v.id = g.grade_level_id
  JOIN institutions_institution i ON i.id = g.institution_id
  JOIN institutions_academicyear y ON y.id = g.year_id AND y.state = 'active'
                                  AND %(day)s BETWEEN y.starts_on AND y.ends_on
  JOIN LATERAL (SELECT count(DISTINCT m.student_id) AS students FROM students_sectionmembership m
                 WHERE m.section_id = g.id AND {HELD.format(m="m")}) size ON size.students > 0
  LEFT JOIN attendance_attendancesession s ON s.section_id = g.id AND s.day = %(day)s AND s.period_id IS NULL
 WHERE g.status = 'active'
   AND ({EVERYTHING.format(at="g.institution_id")} OR g.id IN (SELECT section_id FROM taught))
UNION ALL
SELECT 'period', i.id, i.sourced_id, NULL, NULL, k.sourced_id, k.title, k.room, p.sourced_id, p.name, p.starts_at,
       p.ends_at, {_ROLL_OF},
       (SELECT count(DISTINCT m.student_id) FROM students_classenrolment m
         WHERE m.course_class_id = k.id AND {HELD.format(m="m")})
  FROM institutions_courseclass k JOIN institutions_institution i ON i.id = k.institution_id
  JOIN institutions_academicyear y ON y.id = k.year_id AND y.state = 'active'
                                  AND %(day)s BETWEEN y.starts_on AND y.ends_on
  JOIN timetable_meeting t ON t.course_class_id = k.id AND t.weekday = EXTRACT(ISODOW FROM %(day)s::date)
                          AND {HELD.format(m="t")}
  JOIN timetable_period p ON p.id = t.period_id
  LEFT JOIN attendance_attendancesession s ON s.course_class_id = k.id AND s.day = %(day)s AND s.period_id = p.id
 WHERE k.status = 'active'
   AND ({EVERYTHING.format(at="k.institution_id")} OR k.id IN (SELECT course_class_id FROM taught)))
"""  # noqa: S608 - our own
EXPECTED_NOT_TAKEN = f"{_EXPECTED} SELECT * FROM expected WHERE taken_at IS NULL ORDER BY kind, title"  # noqa: S608 - our own
DAY = f"""{_EXPECTED}
SELECT i.sourced_id AS institution_id, i.name AS institution, i.weekend, c.kind, COALESCE(c.title, '') AS why,
       f.*, e.*
  FROM institutions_institution i
  LEFT JOIN institutions_calendarday c ON c.institution_id = i.id AND c.day = %(day)s
  CROSS JOIN LATERAL (
       SELECT count(*) AS recorded, count(*) FILTER (WHERE d.state = 'present') AS present,
              count(*) FILTER (WHERE d.state = 'half') AS half, count(*) FILTER (WHERE d.state = 'absent') AS absent,
              count(*) FILTER (WHERE d.excused AND d.state <> 'present') AS excused,
              count(*) FILTER (WHERE d.late) AS late, COALESCE(sum(d.minutes_missed), 0) AS minutes_missed
         FROM attendance_dailyattendance d
        WHERE d.institution_id = i.id AND d.day = %(day)s AND {EVERYTHING.format(at="i.id")}) f
  CROSS JOIN LATERAL (SELECT count(*) AS rolls_expected, count(taken_at) AS rolls_taken
                        FROM expected WHERE campus = i.id) e
 ORDER BY i.name, i.id
"""  # noqa: S608 - our own
# --- the office -------------------------------------------------------------------------------------------------------
DESK_CODES = """
SELECT code, name FROM attendance_attendancecode WHERE NOT retired ORDER BY teacher_selectable, position, code
"""
DESK_FOUND = f"""
SELECT st.sourced_id AS id, st.given_name, st.middle_name, st.family_name, st.admission_number,
       v.name || ' ' || g.name AS section
  FROM students_sectionmembership m JOIN students_student st ON st.id = m.student_id
  JOIN institutions_section g ON g.id = m.section_id JOIN institutions_gradelevel v ON v.id = g.grade_level_id
 WHERE {HELD.format(m="m")} AND st.merged_into_id IS NULL AND {IN_REACH}
   AND (st.given_name ILIKE %(q)s OR st.family_name ILIKE %(q)s OR st.admission_number ILIKE %(q)s)
 ORDER BY st.name_key, st.id LIMIT 10
"""  # noqa: S608 - our own
DESK_ENTRIES = f"""
SELECT e.sourced_id AS entry, st.sourced_id AS student_id, st.given_name, st.family_name, c.code, c.name AS code_name,
       p.name AS period, e.arrived_at, e.left_at, e.remark, u.given_name || ' ' || u.family_name AS entered_by
  FROM attendance_deskentry e JOIN students_student st ON st.id = e.student_id
  JOIN attendance_attendancecode c ON c.id = e.code_id LEFT JOIN timetable_period p ON p.id = e.period_id
  LEFT JOIN accounts_user u ON u.id = e.entered_by_id
 WHERE e.day = %(day)s AND {IN_REACH} ORDER BY e.entered_at DESC, e.id DESC
"""  # noqa: S608 - our own
WEEK_MEMBERS = """
SELECT st.id AS key, st.sourced_id AS student_id, st.given_name, st.family_name, min(m.roll_number) AS roll_number,
       min(m.starts_on) AS since, max(COALESCE(m.ends_on, DATE '9999-12-31')) AS until
  FROM students_sectionmembership m JOIN students_student st ON st.id = m.student_id
 WHERE m.section_id = %(group_key)s AND m.starts_on <= %(last)s AND COALESCE(m.ends_on > %(first)s, true)
   AND st.merged_into_id IS NULL
 GROUP BY st.id ORDER BY min(COALESCE(m.roll_number, 10000)), st.name_key, st.sourced_id
"""
WEEK_ROLLS = """
SELECT day, version, state FROM attendance_attendancesession
 WHERE section_id = %(group_key)s AND day BETWEEN %(first)s AND %(last)s AND period_id IS NULL
"""
WEEK_SAID = """
SELECT r.student_id, r.day, c.code, oc.code AS office_code FROM attendance_attendancesession s
  JOIN attendance_attendancerecord r ON r.session_id = s.id
  LEFT JOIN attendance_attendancecode c ON c.id = r.code
  LEFT JOIN attendance_attendancecode oc ON oc.id = r.office_code_id
 WHERE s.section_id = %(group_key)s AND s.day BETWEEN %(first)s AND %(last)s AND s.period_id IS NULL
"""
WEEK_OFFICE = """
SELECT e.student_id, e.day, e.day AS until, c.code FROM attendance_deskentry e
  JOIN attendance_attendancecode c ON c.id = e.code_id
 WHERE e.student_id = ANY(%(keys)s) AND e.day BETWEEN %(first)s AND %(last)s AND e.period_id IS NULL
UNION ALL
SELECT l.student_id, l.starts_on, l.ends_on, c.code FROM attendance_leave l
  JOIN attendance_attendancecode c ON c.id = l.code_id
 WHERE l.student_id = ANY(%(keys)s) AND l.state = 'approved' AND l.starts_on <= %(last)s AND l.ends_on >= %(first)s
"""
CLOSED = """
SELECT day, kind, title FROM institutions_calendarday
 WHERE institution_id = %(campus)s AND day BETWEEN %(first)s AND %(last)s
"""
ONE_STUDENT = f"""
SELECT st.*, i.id AS campus, i.weekend, y.name AS year, y.starts_on AS first, y.ends_on AS last,
       ARRAY(SELECT p.permission FROM who JOIN access_roleassignment a ON a.user_id = who.id
               JOIN access_role r ON r.id = a.role_id AND r.scope = 'everything'
               JOIN access_rolepermission p ON p.role_id = r.id
              WHERE COALESCE(a.starts_on <= %(today)s, true) AND COALESCE(a.ends_on > %(today)s, true)
                AND (a.institution_id IS NULL OR a.institution_id = st.institution_id)) AS held
  FROM students_student st JOIN institutions_institution i ON i.id = st.institution_id
  LEFT JOIN institutions_academicyear y ON y.institution_id = i.id AND %(day)s BETWEEN y.starts_on AND y.ends_on
 WHERE st.sourced_id = %(student)s AND {IN_REACH}
"""  # noqa: S608 - our own
ENROLLED = """
SELECT y.name AS year, v.name AS level, e.entered_on, e.exited_on, e.exit_kind, g.name AS section, m.roll_number,
       m.starts_on, m.ends_on
  FROM students_enrolment e JOIN institutions_academicyear y ON y.id = e.year_id
  JOIN institutions_gradelevel v ON v.id = e.grade_level_id
  LEFT JOIN students_sectionmembership m ON m.enrolment_id = e.id
  LEFT JOIN institutions_section g ON g.id = m.section_id
 WHERE e.student_id = %(key)s ORDER BY e.entered_on DESC, e.id DESC, m.starts_on
"""
FAMILY = """
SELECT g.given_name, g.family_name, g.phone, l.relation, l.emergency_contact, l.legal_guardian, l.lives_with,
       l.data_access, l.restriction_note
  FROM students_studentguardian l JOIN students_guardian g ON g.id = l.guardian_id
 WHERE l.student_id = %(key)s ORDER BY l.contact_priority, l.id
"""
DAYS_OF = """
SELECT day, state, excused, late FROM attendance_dailyattendance
 WHERE student_id = %(key)s AND day BETWEEN %(first)s AND %(last)s ORDER BY day
"""
LEAVE_OF = """
SELECT starts_on, ends_on, reason, state FROM attendance_leave
 WHERE student_id = %(key)s ORDER BY starts_on DESC, id DESC LIMIT 10
"""
TRAIL_OF = """
SELECT at, actor_name, action, before, after, reason FROM audit_auditentry
 WHERE object_type = 'students.student' AND object_id = %(student)s ORDER BY id DESC LIMIT 50
"""
# --- logging in -------------------------------------------------------------------------------------------------------
CALLED = """
SELECT u.id, u.sourced_id, u.username, u.given_name, u.family_name, u.language, u.password, u.logins_ended_at,
       EXISTS (SELECT FROM otp_totp_totpdevice d WHERE d.user_id = u.id AND d.confirmed) AS has_totp,
       EXISTS (SELECT FROM accounts_accountpolicy WHERE staff_need_totp) AS staff_need
  FROM accounts_user u
 WHERE lower(u.username) = lower(%(login)s) AND u.is_active AND COALESCE(u.access_until > %(now)s, true)
"""
OPEN_LOGIN = """
WITH proved AS (
    SELECT id, username FROM accounts_user
     WHERE id = %(id)s AND password = %(password)s AND logins_ended_at IS NOT DISTINCT FROM %(logins_ended_at)s
       AND is_active FOR SHARE
), family AS (
    INSERT INTO accounts_tokenfamily (user_id, school_schema, label, created_at, revoked_because, setup_only)
    SELECT id, %(schema)s, '', %(now)s, '', false FROM proved RETURNING id
), noted AS (
    INSERT INTO audit_auditentry (at, actor_id, actor_name, action, object_type, object_id, after, reason, request_id)
    SELECT %(now)s, id::text, username, 'accounts.logged-in', 'accounts.user', id::text, '{}', '', '' FROM proved
)
INSERT INTO accounts_token (family_id, kind, digest, expires_at)
SELECT family.id, pair.kind, pair.digest, pair.expires_at
  FROM family, (VALUES ('a', %(access)s::bytea, %(soon)s::timestamptz),
                       ('r', %(refresh)s::bytea, %(late)s::timestamptz)) AS pair (kind, digest, expires_at)
"""
# --- exams ------------------------------------------------------------------------------------------------------------
_PAPER_IN_REACH = f"""({EVERYTHING.format(at="e.institution_id")}
 OR e.section_id IN (SELECT section_id FROM taught) OR e.course_class_id IN (SELECT course_class_id FROM taught))"""  # noqa: S608 - our own
EXAMS = f"""
SELECT e.sourced_id AS id, x.sourced_id AS session_id, x.name AS session, x.kind, c.sourced_id AS course_id,
       c.title AS course, e.title, e.day, e.starts_at, e.ends_at, e.room, e.max_marks::text, e.pass_marks::text,
       i.sourced_id AS institution_id, k.sourced_id AS class_id, g.sourced_id AS section_id,
       COALESCE(k.title, v.name || ' ' || g.name) AS "group", s.sourced_id AS scale_id, e.version,
       ARRAY(SELECT jsonb_build_object('id', m.sourced_id, 'name', m.given_name || ' ' || m.family_name)
               FROM examinations_invigilation n JOIN staff_staffmember m ON m.id = n.staff_id
              WHERE n.exam_id = e.id) AS invigilators
  FROM examinations_exam e JOIN examinations_examsession x ON x.id = e.session_id
  JOIN institutions_course c ON c.id = e.course_id JOIN institutions_institution i ON i.id = e.institution_id
  JOIN examinations_gradingscale s ON s.id = e.scale_id
  LEFT JOIN institutions_courseclass k ON k.id = e.course_class_id
  LEFT JOIN institutions_section g ON g.id = e.section_id
  LEFT JOIN institutions_gradelevel v ON v.id = g.grade_level_id
 WHERE {_PAPER_IN_REACH} ORDER BY e.day, e.starts_at, e.id LIMIT 51
"""  # noqa: S608 - our own
PAPER = f"""
SELECT e.id AS key, e.sourced_id AS exam_id, e.section_id, e.course_class_id, e.day, e.marks_version AS version,
       e.max_marks::text, e.pass_marks::text, e.factor::text, e.shift::text, e.marked_at,
       jsonb_build_object('id', t.sourced_id, 'name', trim(t.given_name || ' ' || t.family_name)) AS marked_by
  FROM examinations_exam e LEFT JOIN accounts_user t ON t.id = e.marked_by_id
 WHERE e.sourced_id = %(paper)s AND {_PAPER_IN_REACH}
"""  # noqa: S608 - our own
PAPER_MARKS = """
SELECT st.sourced_id AS student_id, st.given_name, st.middle_name, st.family_name, st.preferred_name,
       st.admission_number, m.roll_number, true AS on_roster, COALESCE(k.status, 'not-entered') AS status,
       k.score::text, moderated.counted::text, worth.percent::text, grade.code AS grade,
       CASE WHEN e.pass_marks IS NULL THEN grade.passing ELSE moderated.counted >= e.pass_marks END AS passed
  FROM ({roster}) m JOIN students_student st ON st.id = m.student_id AND st.merged_into_id IS NULL
  JOIN examinations_exam e ON e.id = %(paper)s JOIN examinations_gradingscale s ON s.id = e.scale_id
  LEFT JOIN examinations_mark k ON k.exam_id = e.id AND k.student_id = st.id
 CROSS JOIN LATERAL (
       SELECT LEAST(GREATEST(round(k.score * e.factor + e.shift, 2), 0), e.max_marks) AS counted) moderated
 CROSS JOIN LATERAL (SELECT round(moderated.counted / e.max_marks * 100, s.decimals) AS percent) worth
  LEFT JOIN LATERAL (SELECT b.code, b.passing FROM examinations_gradeband b
                      WHERE b.scale_id = s.id AND b.lower <= worth.percent
                      ORDER BY b.lower DESC LIMIT 1) grade ON true
 ORDER BY COALESCE(m.roll_number, 10000), st.name_key, st.sourced_id
"""
