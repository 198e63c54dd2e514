"""The floor under each endpoint and page: psycopg, prepared statements, as few as answer it, and the same facts.

What makes them honest: the token or session, the login, the permission and the reach are checked in SQL, for the school
whose schema and role the connection stands in. What they leave out: limits, the circuit, the access line, refusals with
reasons, other methods and parameters.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row

from schoolops.tenancy.models import School

Row = dict[str, Any]
NAMES = "st.given_name, st.middle_name, st.family_name, st.preferred_name, st.admission_number"
# Who asks: by the digest of an access token, or by the key of a session.
_BY_BEARER = """who AS (
    SELECT u.* FROM accounts_token t
      JOIN accounts_tokenfamily f ON f.id = t.family_id JOIN accounts_user u ON u.id = f.user_id
     WHERE t.digest = %(digest)s AND t.kind = 'a' AND t.expires_at > %(now)s AND f.revoked_at IS NULL
       AND NOT f.setup_only AND u.is_active AND COALESCE(u.access_until > %(now)s, true)
)"""
_BY_SESSION = """who AS (
    SELECT u.* FROM django_session s JOIN accounts_user u ON u.id = %(user)s
     WHERE s.session_key = %(session)s AND s.expire_date > %(now)s
       AND u.is_active AND COALESCE(u.access_until > %(now)s, true)
)"""
# What they may do with it, and which sections and classes are theirs where it is not everything.
_MAY = """, may AS MATERIALIZED (
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
_EVERYTHING = """EXISTS (SELECT FROM may WHERE scope = 'everything'
    AND (institution_id IS NULL OR institution_id = {at}))"""
_HELD = "{m}.starts_on <= %(day)s AND COALESCE({m}.ends_on > %(day)s, true)"

_PLACE = """
SELECT g.id, g.sourced_id AS group_id, s.id AS roll, s.sourced_id, s.version, s.state, s.taken_at, s.locked_reason,
       s.reopened_until, t.sourced_id AS taker, t.given_name || ' ' || t.family_name AS taker_name, i.timezone,
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
_ON_ROLL = "SELECT m.student_id, {number} AS roll_number FROM {table} m WHERE m.{key} = %(group_key)s AND {held}"
_ROSTER = {
    "section_id": _ON_ROLL.format(
        number="m.roll_number", table="students_sectionmembership", key="section_id", held=_HELD.format(m="m")
    ),
    "course_class_id": _ON_ROLL.format(
        number="NULL::smallint", table="students_classenrolment", key="course_class_id", held=_HELD.format(m="m")
    ),
}
_RECORDS = f"""
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
_CODES = (
    "SELECT id, code, name, state, excused, late, teacher_selectable FROM attendance_attendancecode ORDER BY position"
)
_IN_REACH = """(EXISTS (SELECT FROM may WHERE scope = 'everything'
    AND (institution_id IS NULL OR institution_id = st.institution_id))
 OR st.id IN (SELECT m.student_id FROM students_sectionmembership m JOIN taught USING (section_id)
               WHERE {held})
 OR st.id IN (SELECT m.student_id FROM students_classenrolment m JOIN taught USING (course_class_id)
               WHERE {held}))""".format(held=_HELD.format(m="m"))  # noqa: S608 - our own
_STUDENTS = f"""
SELECT st.sourced_id AS id, st.status, st.date_last_modified AS "dateLastModified", i.sourced_id AS institution_id,
       st.admission_number, st.given_name, st.middle_name, st.family_name, st.preferred_name, st.birth_date, st.sex,
       on_day.section_id, on_day.section_name, on_day.grade_level_name, st.version, st.id AS key
  FROM students_student st
  JOIN institutions_institution i ON i.id = st.institution_id
  LEFT JOIN LATERAL (
       SELECT g.sourced_id AS section_id, g.name AS section_name, v.name AS grade_level_name
         FROM students_sectionmembership m JOIN institutions_section g ON g.id = m.section_id
         JOIN institutions_gradelevel v ON v.id = g.grade_level_id
        WHERE m.student_id = st.id AND {_HELD.format(m="m")}
        ORDER BY m.starts_on DESC, m.id DESC LIMIT 1) on_day ON true
 WHERE st.merged_into_id IS NULL AND {_IN_REACH} {{more}}
 ORDER BY st.name_key, st.id LIMIT 51
"""  # noqa: S608 - our own
_ABSENTEES = f"""
SELECT st.sourced_id AS student_id, st.given_name, st.family_name, st.admission_number, g.sourced_id AS section_id,
       v.name || ' ' || g.name AS section, i.sourced_id AS institution_id, d.day, d.state, d.excused, d.minutes_missed
  FROM attendance_dailyattendance d
  JOIN students_student st ON st.id = d.student_id
  JOIN institutions_institution i ON i.id = d.institution_id
  LEFT JOIN institutions_section g ON g.id = d.section_id
  LEFT JOIN institutions_gradelevel v ON v.id = g.grade_level_id
 WHERE d.day = %(day)s AND d.state = 'absent' AND {_IN_REACH}
 ORDER BY {{order}} st.name_key, st.id LIMIT 51
"""  # noqa: S608 - our own
_HISTORY = f"""
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
 WHERE st.sourced_id = %(student)s AND {_IN_REACH}
 ORDER BY r.day DESC, r.session_id DESC LIMIT 51
"""  # noqa: S608 - our own
_ME = """
SELECT who.sourced_id AS id, who.username, who.email, who.given_name, who.family_name, who.language, who.access_until,
       r.code, r.name AS role_name, r.scope, i.sourced_id AS institution_id, array_agg(p.permission) AS permissions
  FROM who LEFT JOIN access_roleassignment a ON a.user_id = who.id LEFT JOIN access_role r ON r.id = a.role_id
  LEFT JOIN access_rolepermission p ON p.role_id = r.id LEFT JOIN institutions_institution i ON i.id = a.institution_id
 GROUP BY who.sourced_id, who.username, who.email, who.given_name, who.family_name, who.language, who.access_until,
          a.id, r.id, i.id
"""
_TODAY = """
SELECT i.sourced_id AS institution_id, i.timezone, i.weekend, y.sourced_id AS year_id, y.name AS year,
       y.starts_on, y.ends_on, y.state, t.sourced_id AS term_id, t.name AS term, t.starts_on AS term_starts_on,
       t.ends_on AS term_ends_on, t.kind AS term_kind, c.kind, COALESCE(c.title, '') AS title
  FROM may, institutions_institution i
  LEFT JOIN institutions_academicyear y ON y.institution_id = i.id AND %(day)s BETWEEN y.starts_on AND y.ends_on
  LEFT JOIN institutions_term t ON t.year_id = y.id AND %(day)s BETWEEN t.starts_on AND t.ends_on
  LEFT JOIN institutions_calendarday c ON c.institution_id = i.id AND c.day = %(day)s
 ORDER BY i.id LIMIT 1
"""
_MINE = f"""
SELECT 'daily' AS kind, i.sourced_id AS institution_id, g.sourced_id, v.name || ' ' || g.name AS title, g.room,
       v.name || ' ' || g.name AS section, false AS substitute, NULL::uuid AS period, NULL AS period_name,
       NULL::time AS starts_at, NULL::time AS ends_at, s.sourced_id AS roll, COALESCE(s.version, 0) AS version,
       COALESCE(s.state, 'open') AS state, s.taken_at,
       (SELECT count(DISTINCT m.student_id) FROM students_sectionmembership m
         WHERE m.section_id = g.id AND {_HELD.format(m="m")}) AS students, 'section' AS what
  FROM taught JOIN institutions_section g ON g.id = taught.section_id
  JOIN institutions_gradelevel v ON v.id = g.grade_level_id
  JOIN institutions_institution i ON i.id = g.institution_id
  LEFT JOIN attendance_attendancesession s ON s.section_id = g.id AND s.day = %(day)s AND s.period_id IS NULL
UNION ALL
SELECT 'period', i.sourced_id, k.sourced_id, k.title, k.room, NULL, false, p.sourced_id, p.name, p.starts_at,
       p.ends_at, s.sourced_id, COALESCE(s.version, 0), COALESCE(s.state, 'open'), s.taken_at,
       (SELECT count(DISTINCT m.student_id) FROM students_classenrolment m
         WHERE m.course_class_id = k.id AND {_HELD.format(m="m")}), 'class'
  FROM taught JOIN institutions_courseclass k ON k.id = taught.course_class_id
  JOIN institutions_institution i ON i.id = k.institution_id
  JOIN timetable_meeting t ON t.course_class_id = k.id AND t.weekday = EXTRACT(ISODOW FROM %(day)s::date)
  JOIN timetable_period p ON p.id = t.period_id
  LEFT JOIN attendance_attendancesession s ON s.course_class_id = k.id AND s.day = %(day)s AND s.period_id = p.id
 ORDER BY starts_at NULLS FIRST, title
"""  # noqa: S608 - our own
_FIGURES = f"""
SELECT i.sourced_id, i.name, count(*) AS recorded, count(*) FILTER (WHERE d.state = 'present') AS present,
       count(*) FILTER (WHERE d.state = 'half') AS half, count(*) FILTER (WHERE d.state = 'absent') AS absent,
       count(*) FILTER (WHERE d.excused AND d.state <> 'present') AS excused, count(*) FILTER (WHERE d.late) AS late
  FROM attendance_dailyattendance d JOIN institutions_institution i ON i.id = d.institution_id
 WHERE d.day = %(day)s AND {_EVERYTHING.format(at="d.institution_id")} GROUP BY i.id
"""  # noqa: S608 - our own
_TREND = f"""
SELECT d.day, count(*) FILTER (WHERE d.state = 'present') AS present, count(*) FILTER (WHERE d.state = 'half') AS half,
       count(*) FILTER (WHERE d.state = 'absent') AS absent FROM attendance_dailyattendance d
 WHERE d.day > %(day)s::date - 40 AND d.day <= %(day)s AND {_EVERYTHING.format(at="d.institution_id")}
 GROUP BY d.day ORDER BY d.day DESC LIMIT 10
"""  # noqa: S608 - our own
_NOT_TAKEN = f"""
SELECT g.sourced_id, v.name || ' ' || g.name AS title, size.students
  FROM institutions_section g JOIN institutions_gradelevel v ON v.id = g.grade_level_id
  JOIN institutions_academicyear y ON y.id = g.year_id AND y.state = 'active'
  JOIN LATERAL (SELECT count(DISTINCT m.student_id) AS students FROM students_sectionmembership m
                 WHERE m.section_id = g.id AND {_HELD.format(m="m")}) size ON size.students > 0
 WHERE g.status = 'active' AND {_EVERYTHING.format(at="g.institution_id")} AND NOT EXISTS (
       SELECT FROM attendance_attendancesession s
        WHERE s.section_id = g.id AND s.day = %(day)s AND s.period_id IS NULL AND s.taken_at IS NOT NULL)
 ORDER BY v.position, g.name
"""  # noqa: S608 - our own
_BIRTHDAYS = f"""
SELECT st.sourced_id, st.given_name, st.family_name, st.birth_date, v.name || ' ' || g.name AS section
  FROM students_sectionmembership m JOIN students_student st ON st.id = m.student_id
  JOIN institutions_section g ON g.id = m.section_id JOIN institutions_gradelevel v ON v.id = g.grade_level_id
 WHERE {_HELD.format(m="m")} AND to_char(st.birth_date, 'MMDD') = ANY(%(days)s)
   AND {_EVERYTHING.format(at="st.institution_id")}
"""  # noqa: S608 - our own

# --- marking ----------------------------------------------------------------------------------------------------------
_LOCK = f"""
SELECT st.id, st.sourced_id FROM students_student st
 WHERE st.id IN (SELECT m.student_id FROM students_sectionmembership m
                  WHERE m.section_id = %(group_key)s AND {_HELD.format(m="m")}) AND st.merged_into_id IS NULL
 ORDER BY st.id FOR NO KEY UPDATE
"""  # noqa: S608 - our own
_WRITE = """
WITH roll AS (
    INSERT INTO attendance_attendancesession (sourced_id, institution_id, section_id, day, state, version, taken_by_id,
           taken_at, locked_reason, reopened_reason)
    VALUES (gen_random_uuid(), %(campus)s, %(group_key)s, %(day)s, 'submitted', 1, %(user_id)s, %(now)s, '', '')
    RETURNING id
) SELECT id FROM roll
"""
_MARKS = """
WITH said AS (
    SELECT st.student_id, c.id AS code_id, c.code, c.state, c.excused
      FROM unnest(%(students)s::bigint[], %(codes)s::text[]) AS st (student_id, code)
      JOIN attendance_attendancecode c ON c.code = st.code AND c.teacher_selectable AND NOT c.retired
), records AS (
    INSERT INTO attendance_attendancerecord (session_id, student_id, institution_id, section_id, day, teacher_code_id,
           state, excused, remark, changed_at)
    SELECT %(roll)s, student_id, %(campus)s, %(group_key)s, %(day)s, code_id, state, excused, '', %(now)s FROM said
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
    SELECT student_id, %(campus)s, %(group_key)s, %(day)s, state, excused, false,
           CASE state WHEN 'absent' THEN 420 ELSE 0 END FROM said
    ON CONFLICT (student_id, day) DO UPDATE SET state = EXCLUDED.state, excused = EXCLUDED.excused
)
INSERT INTO audit_auditentry (at, actor_id, actor_name, action, object_type, object_id, after, reason, request_id)
SELECT %(now)s, %(user_id)s::text, %(username)s, 'attendance.marked', 'attendance.attendancesession', %(roll)s::text,
       jsonb_build_object('version', 1, 'students', count(*), 'absent', count(*) FILTER (WHERE state = 'absent')),
       '', ''
  FROM said
"""


class Refused(Exception):
    """Nobody who may."""


class Floor:
    """A WSGI application of a few addresses over one connection."""

    def __init__(self, connection: psycopg.Connection[Any], school: School, *, moment: dt.datetime) -> None:
        self.connection = connection
        self._moment = moment
        self._today = moment.date()
        self._school = {"slug": school.slug, "name": str(school)}
        # Key of a session → of its user: its row says it, signed; here it is known.
        self.sessions: dict[str, int] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"].strip("/").split("/")
        with self.connection.cursor(row_factory=dict_row) as cursor:
            if path[0] == "api":
                body, kind = self._api(cursor, path[2:], environ), "application/json"
            else:
                body, kind = self._page(cursor, path, environ), "text/html; charset=utf-8"
        start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    # --- the API ------------------------------------------------------------------------------------------------------
    def _api(self, cursor: Any, path: list[str], environ: dict[str, Any]) -> bytes:  # noqa: PLR0911 - one for each address
        token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
        who: Row = {
            "digest": hashlib.sha256(token.encode()).digest(),
            "now": self._moment,
            "today": self._today,
            "day": self._today,
        }
        match path:
            case ["sections", group, "roll", day] if environ["REQUEST_METHOD"] == "PUT":
                return self._mark(cursor, who | {"group": group, "day": dt.date.fromisoformat(day)}, environ)
            case ["sections", group, "roll", day]:
                asked = who | {"group": group, "day": dt.date.fromisoformat(day), "period": None}
                return self._roll(cursor, _BY_BEARER, "section_id", asked)
            case ["classes", group, "roll", day, period]:
                asked = who | {"group": group, "day": dt.date.fromisoformat(day), "period": period}
                return self._roll(cursor, _BY_BEARER, "course_class_id", asked)
            case ["students"]:
                return self._students(cursor, who, environ["QUERY_STRING"])
            case ["absentees"]:
                rows = self._all(cursor, _ABSENTEES.format(order=""), who | {"permission": "attendance.view"})
                return orjson.dumps({"results": rows[:50], "next": None})
            case ["students", student, "attendance"]:
                rows = self._all(cursor, _HISTORY, who | {"permission": "attendance.view", "student": student})
                return orjson.dumps({"results": rows[:50], "next": None})
            case ["my", "classes"]:
                rows = self._all(cursor, _MINE, who | {"permission": "attendance.mark"})
                return orjson.dumps({"day": self._today, "results": rows, "next": None})
            case ["today"]:
                (row,) = self._all(cursor, _TODAY, who | {"permission": "institutions.view"})
                row["weekday"] = self._today.isoweekday()
                row["day"], row["instructional"] = self._today, self._today.isoweekday() not in row.pop("weekend")
                return orjson.dumps(row)
            case ["me"]:
                cursor.execute(f"WITH {_BY_BEARER} {_ME}", who)
                rows = cursor.fetchall()
                held = [
                    {name: row.pop(name) for name in ("code", "role_name", "scope", "institution_id")} for row in rows
                ]
                permissions = sorted({each for row in rows for each in row.pop("permissions")})
                return orjson.dumps({**rows[0], "school": self._school, "roles": held, "permissions": permissions})
        raise LookupError(path)

    @staticmethod
    def _all(cursor: Any, statement: str, asked: Row, by: str = _BY_BEARER) -> list[Row]:
        cursor.execute(f"WITH {by} {_MAY} {statement}", asked)
        found: list[Row] = cursor.fetchall()
        return found

    def _place(self, cursor: Any, by: str, key: str, asked: Row) -> Row:
        statement = _PLACE.format(
            table="institutions_section" if key == "section_id" else "institutions_courseclass",
            title="name" if key == "section_id" else "title",
            key=key,
            everything=_EVERYTHING.format(at="g.institution_id"),
        )
        found = self._all(cursor, statement, asked, by)
        if not found:
            raise Refused
        return found[0]

    def _records(self, cursor: Any, key: str, place: Row, asked: Row) -> list[Row]:
        cursor.execute(
            _RECORDS.format(roster=_ROSTER[key]),
            {"group_key": place["id"], "day": asked["day"], "roll": place["roll"]},
        )
        rows: list[Row] = cursor.fetchall()
        for row in rows:
            del row["key"], row["word"]
            row["on_roster"] = True
        return rows

    def _roll(self, cursor: Any, by: str, key: str, asked: Row) -> bytes:
        place = self._place(cursor, by, key, {**asked, "permission": "attendance.view"})
        return _roll_json(place, key, asked, self._records(cursor, key, place, asked))

    def _mark(self, cursor: Any, asked: Row, environ: dict[str, Any]) -> bytes:
        given = orjson.loads(environ["wsgi.input"].read())
        with self.connection.transaction():
            asked |= {"period": None, "permission": "attendance.mark"}
            place = self._place(cursor, _BY_BEARER, "section_id", asked)
            shared = {**asked, **place, "group_key": place["id"]}
            cursor.execute(_LOCK, shared)
            keys = {str(row["sourced_id"]): row["id"] for row in cursor.fetchall()}
            if {mark["student_id"] for mark in given["records"]} != keys.keys():
                raise Refused
            cursor.execute(_WRITE, shared)
            shared["roll"] = place["roll"] = cursor.fetchone()["id"]
            shared["students"] = [keys[mark["student_id"]] for mark in given["records"]]
            shared["codes"] = [mark["code"] for mark in given["records"]]
            cursor.execute(_MARKS, shared)
            place |= {"version": 1, "state": "submitted", "taken_at": self._moment}
            return _roll_json(place, "section_id", asked, self._records(cursor, "section_id", place, asked))

    def _students(self, cursor: Any, who: Row, query: str) -> bytes:
        asked = who | {"permission": "students.view"}
        more = ""
        if "q=" in query:
            more = "AND (st.given_name ILIKE %(q)s OR st.family_name ILIKE %(q)s OR st.admission_number ILIKE %(q)s)"
            asked["q"] = f"%{query.partition('q=')[2]}%"
        rows = self._all(cursor, _STUDENTS.format(more=more), asked)
        last = rows.pop() if len(rows) > 50 else None
        for row in rows:
            del row["key"]
        return orjson.dumps({"results": rows, "next": last and str(last["key"])})

    # --- pages --------------------------------------------------------------------------------------------------------
    def _page(self, cursor: Any, path: list[str], environ: dict[str, Any]) -> bytes:
        session = environ["HTTP_COOKIE"].removeprefix("sessionid=")
        who: Row = {
            "session": session,
            "user": self.sessions[session],
            "now": self._moment,
            "today": self._today,
            "day": self._today,
        }
        match path:
            case ["office", "rolls", "section", group, day]:
                return self._sheet(cursor, who, group, day, "attendance.view", _grid_row)
            case ["roll", "section", group, day]:
                return self._sheet(cursor, who, group, day, "attendance.mark", _roll_row)
            case ["roll"]:
                rows = self._all(cursor, _MINE, who | {"permission": "attendance.mark"}, _BY_SESSION)
                return _html("My classes", "".join(_class_line(row, self._today) for row in rows))
            case ["office", "students", "student"]:
                asked = who | {"permission": "students.view"}
                rows = self._all(cursor, _STUDENTS.format(more=""), asked, _BY_SESSION)[:50]
                cursor.execute("SELECT count(*) AS number FROM students_student WHERE merged_into_id IS NULL")
                number = cursor.fetchone()["number"]
                return _html("Students", f"<p>{number}</p><table>{''.join(map(_student_line, rows))}</table>")
            case ["office"]:
                return self._start(cursor, who)
        raise LookupError(path)

    def _sheet(self, cursor: Any, who: Row, group: str, day: str, permission: str, line: Callable[..., str]) -> bytes:
        asked = who | {
            "group": group, "day": dt.date.fromisoformat(day), "period": None, "permission": permission,
        }  # fmt: skip
        place = self._place(cursor, _BY_SESSION, "section_id", asked)
        rows = self._records(cursor, "section_id", place, asked)
        cursor.execute(_CODES)
        codes = [code for code in cursor.fetchall() if code["teacher_selectable"]]
        body = "".join(line(row, codes) for row in rows)
        return _html(
            f"{place['title']} {day}",
            f'<a href="/office/rolls/section/{group}/week/{day}/">Week</a>'
            f'<form method="post"><input type="hidden" name="version" value="{place["version"]}">{body}'
            "<button>Save the roll</button></form>",
        )

    def _start(self, cursor: Any, who: Row) -> bytes:
        asked = who | {"permission": "attendance.view"}
        figures = self._all(cursor, _FIGURES, asked, _BY_SESSION)
        trend = self._all(cursor, _TREND, asked, _BY_SESSION)
        absent = self._all(cursor, _ABSENTEES.format(order="d.excused,"), asked, _BY_SESSION)
        missing = self._all(cursor, _NOT_TAKEN, who | {"permission": "attendance.mark"}, _BY_SESSION)
        days = [f"{self._today + dt.timedelta(days=number):%m%d}" for number in range(7)]
        born = self._all(cursor, _BIRTHDAYS, who | {"permission": "students.view", "days": days}, _BY_SESSION)
        parts = [
            "".join(f"<dl>{''.join(f'<dt>{name}<dd>{value}' for name, value in row.items())}</dl>" for row in figures),
            "".join(f"<tr><td>{row['day']}<td>{row['present']}<td>{row['half']}<td>{row['absent']}" for row in trend),
            "".join(
                f"<li><a href=/office/rolls/section/{row['sourced_id']}/>{row['title']}</a>" for row in missing[:12]
            ),
            "".join(_person_line(row["student_id"], row, row["section"]) for row in absent[:12]),
            "".join(_person_line(row["sourced_id"], row, row["section"]) for row in born),
        ]
        return _html("Start", "".join(f"<section>{part}</section>" for part in parts))


def _roll_json(place: Row, key: str, asked: Row, rows: list[Row]) -> bytes:
    return orjson.dumps(
        {
            "id": place["sourced_id"],
            "section_id": place["group_id"] if key == "section_id" else None,
            "class_id": place["group_id"] if key != "section_id" else None,
            "day": asked["day"],
            "period_id": asked["period"],
            "version": place["version"] or 0,
            "state": place["state"] or "open",
            "locked_reason": "",
            "reopened_until": None,
            "taken_by": {"id": place["taker"], "name": place["taker_name"]} if place["taker"] else None,
            "taken_at": place["taken_at"],
            "records": rows,
        }
    )


def _html(title: str, body: str) -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    ).encode()


def _codes_of(row: Row, codes: list[Row]) -> str:
    student = row["student_id"]
    return "".join(
        f'<label title="{code["name"]}"><input type="radio" name="code-{student}" value="{code["code"]}"'
        f"{' checked' if code['code'] == row['code'] else ''}>"
        f'<span class="{code["state"]}">{code["code"]}</span></label>'
        for code in codes
    )


def _fields_of(row: Row) -> str:
    student = row["student_id"]
    return (
        f'<input type="time" name="arrived-{student}" value="{row["arrived_at"] or ""}">'
        f'<input type="time" name="left-{student}" value="{row["left_at"] or ""}">'
        f'<input name="remark-{student}" value="{escape(row["remark"] or "")}">'
    )


def _name(row: Row) -> str:
    return escape(f"{row['given_name']} {row['family_name']}".strip())


def _grid_row(row: Row, codes: list[Row]) -> str:
    return (
        f'<tr><td>{row["roll_number"] or ""}<th><input type="hidden" name="student" value="{row["student_id"]}">'
        f"{_name(row)}<td>{_codes_of(row, codes)}<td>{_fields_of(row)}<td>{row['office_code'] or ''}"
    )


def _roll_row(row: Row, codes: list[Row]) -> str:
    return (
        f"<fieldset><legend>{row['roll_number'] or ''} {_name(row)}</legend>"
        f'<input type="hidden" name="student" value="{row["student_id"]}">{_codes_of(row, codes)}'
        f"<details><summary>Times and remark</summary>{_fields_of(row)}</details></fieldset>"
    )


def _class_line(row: Row, day: dt.date) -> str:
    return (
        f'<li><a href="/roll/{row["what"]}/{row["sourced_id"]}/{day}/{row["period"] or ""}">'
        f"<strong>{escape(row['title'])}</strong>"
        f" {'Taken' if row['taken_at'] else 'Not taken'} {row['students']} students</a>"
    )


def _student_line(row: Row) -> str:
    return (
        f'<tr><td><a href="/office/student/{row["id"]}/">{_name(row)}</a><td>{row["admission_number"]}'
        f"<td>{escape(row['grade_level_name'] or '')} {escape(row['section_name'] or '')}<td>{row['birth_date']}"
    )


def _person_line(student: Any, row: Row, beside: str) -> str:
    return f'<li><a href="/office/student/{student}/">{_name(row)}</a> {escape(beside or "")}'


def connected(school: School, parameters: dict[str, Any]) -> psycopg.Connection[Any]:
    """A connection that stands in ``school``, under its role, and prepares every statement at once."""
    connection = psycopg.connect(**parameters, autocommit=True, prepare_threshold=0)
    connection.execute(
        "SELECT set_config('search_path', %s, false), set_config('role', %s, false)",
        [f"{school.schema_name}, extensions", school.role_name],
    )
    return connection
