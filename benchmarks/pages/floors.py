"""The floor under each endpoint and page: psycopg, prepared statements, as few as answer it, and the same facts.

What makes them honest: the token or session, the login, the permission and the reach are checked in SQL, for the school
whose schema and role the connection stands in. What they leave out: limits, the circuit, the access line, refusals with
reasons, other methods and parameters.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import orjson
import psycopg
from django.contrib.auth.hashers import check_password
from psycopg.rows import dict_row

from benchmarks.pages import sql
from schoolops.tenancy.models import School

Row = dict[str, Any]


class Refused(Exception):
    """Nobody who may."""


class Floor:
    """A WSGI application of a few addresses over one connection."""

    def __init__(self, connection: psycopg.Connection[Any], school: School, *, moment: dt.datetime) -> None:
        self.connection = connection
        self._moment = moment
        self._today = moment.date()
        self._schema = school.schema_name
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
    def _api(self, cursor: Any, path: list[str], environ: dict[str, Any]) -> bytes:  # noqa: PLR0911, PLR0912, C901 - one for each address
        if path == ["auth", "login"]:
            return self._log_in(cursor, orjson.loads(environ["wsgi.input"].read()))
        token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
        who: Row = {
            "digest": hashlib.sha256(token.encode()).digest(),
            "now": self._moment,
            "today": self._today,
            "day": self._today,
        }
        match path:
            case ["sections", group, "roll", day] if environ["REQUEST_METHOD"] == "PUT":
                asked = who | {"group": group, "day": dt.date.fromisoformat(day), "period": None}
                return self._mark(cursor, "section_id", asked, environ)
            case ["classes", group, "roll", day, period] if environ["REQUEST_METHOD"] == "PUT":
                asked = who | {"group": group, "day": dt.date.fromisoformat(day), "period": period}
                return self._mark(cursor, "course_class_id", asked, environ)
            case ["sections", group, "roll", day]:
                asked = who | {"group": group, "day": dt.date.fromisoformat(day), "period": None}
                return self._roll(cursor, sql.BY_BEARER, "section_id", asked)
            case ["classes", group, "roll", day, period]:
                asked = who | {"group": group, "day": dt.date.fromisoformat(day), "period": period}
                return self._roll(cursor, sql.BY_BEARER, "course_class_id", asked)
            case ["students"]:
                return self._students(cursor, who, environ["QUERY_STRING"])
            case ["absentees"]:
                rows = self._all(cursor, sql.ABSENTEES.format(order=""), who | {"permission": "attendance.view"})
                return orjson.dumps({"results": rows[:50], "next": None})
            case ["students", student, "attendance"]:
                rows = self._all(cursor, sql.HISTORY, who | {"permission": "attendance.view", "student": student})
                return orjson.dumps({"results": rows[:50], "next": None})
            case ["rolls", "not-taken"]:
                rows = self._all(cursor, sql.EXPECTED_NOT_TAKEN, who | {"permission": "attendance.mark"})
                return orjson.dumps({"results": rows, "next": None})
            case ["days", day]:
                asked = who | {"day": dt.date.fromisoformat(day), "permission": "attendance.view"}
                rows = self._all(cursor, sql.DAY, asked)
                for row in rows:
                    kind, weekend = row.pop("kind"), row.pop("weekend")
                    open_day = asked["day"].isoweekday() not in weekend if kind is None else kind == "school"
                    row["instructional"] = open_day
                return orjson.dumps({"results": rows, "next": None})
            case ["exams"]:
                rows = self._all(cursor, sql.EXAMS, who | {"permission": "exams.view"})
                return orjson.dumps({"results": rows[:50], "next": str(rows[50]["id"]) if rows[50:] else None})
            case ["exams", paper, "marks"]:
                return self._paper(cursor, who | {"permission": "marks.view", "paper": paper})
            case ["my", "classes"]:
                rows = self._all(cursor, sql.MINE, who | {"permission": "attendance.mark"})
                return orjson.dumps({"day": self._today, "results": rows, "next": None})
            case ["today"]:
                (row,) = self._all(cursor, sql.TODAY, who | {"permission": "institutions.view"})
                row["weekday"] = self._today.isoweekday()
                row["day"], row["instructional"] = self._today, self._today.isoweekday() not in row.pop("weekend")
                return orjson.dumps(row)
            case ["me"]:
                cursor.execute(f"WITH {sql.BY_BEARER} {sql.ME}", who)
                rows = cursor.fetchall()
                held = [
                    {name: row.pop(name) for name in ("code", "role_name", "scope", "institution_id")} for row in rows
                ]
                permissions = sorted({each for row in rows for each in row.pop("permissions")})
                return orjson.dumps({**rows[0], "school": self._school, "roles": held, "permissions": permissions})
        raise LookupError(path)

    @staticmethod
    def _all(cursor: Any, statement: str, asked: Row, by: str = sql.BY_BEARER) -> list[Row]:
        cursor.execute(f"WITH {by} {sql.MAY} {statement}", asked)
        found: list[Row] = cursor.fetchall()
        return found

    def _place(self, cursor: Any, by: str, key: str, asked: Row) -> Row:
        statement = sql.PLACE.format(
            table="institutions_section" if key == "section_id" else "institutions_courseclass",
            title="name" if key == "section_id" else "title",
            key=key,
            everything=sql.EVERYTHING.format(at="g.institution_id"),
        )
        found = self._all(cursor, statement, asked, by)
        if not found:
            raise Refused
        return found[0]

    def _records(self, cursor: Any, key: str, place: Row, asked: Row) -> list[Row]:
        cursor.execute(
            sql.RECORDS.format(roster=sql.ROSTER[key]),
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

    def _mark(self, cursor: Any, key: str, asked: Row, environ: dict[str, Any]) -> bytes:
        given = orjson.loads(environ["wsgi.input"].read())
        with self.connection.transaction():
            asked |= {"permission": "attendance.mark"}
            place = self._place(cursor, sql.BY_BEARER, key, asked)
            shared = {**asked, **place, "group_key": place["id"]}
            shared |= {"section": None, "course_class": None, key.removesuffix("_id"): place["id"]}
            cursor.execute(sql.LOCK.format(roster=sql.ROSTER[key]), shared)
            keys = {str(row["sourced_id"]): row["id"] for row in cursor.fetchall()}
            if {mark["student_id"] for mark in given["records"]} != keys.keys():
                raise Refused
            cursor.execute(sql.WRITE, shared)
            shared["roll"] = place["roll"] = cursor.fetchone()["id"]
            shared["students"] = [keys[mark["student_id"]] for mark in given["records"]]
            shared["codes"] = [mark["code"] for mark in given["records"]]
            cursor.execute(sql.MARKS, shared)
            place |= {"version": 1, "state": "submitted", "taken_at": self._moment}
            return _roll_json(place, key, asked, self._records(cursor, key, place, asked))

    def _paper(self, cursor: Any, asked: Row) -> bytes:
        found = self._all(cursor, sql.PAPER, asked)
        if not found:
            raise Refused
        (paper,) = found
        key = "section_id" if paper["section_id"] is not None else "course_class_id"
        cursor.execute(
            sql.PAPER_MARKS.format(roster=sql.ROSTER[key]),
            {"group_key": paper.pop(key), "day": paper["day"], "paper": paper.pop("key")},
        )
        return orjson.dumps({**paper, "open": True, "reopened_until": None, "records": cursor.fetchall()})

    def _log_in(self, cursor: Any, given: dict[str, str]) -> bytes:
        cursor.execute(sql.CALLED, {"login": given["login"], "now": self._moment})
        (user,) = cursor.fetchall()
        if user["staff_need"] or user["has_totp"] or not check_password(given["password"], user["password"]):
            raise Refused
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        cursor.execute(
            sql.OPEN_LOGIN,
            {
                **user,
                "schema": self._schema,
                "now": self._moment,
                "soon": self._moment + dt.timedelta(minutes=15),
                "late": self._moment + dt.timedelta(days=14),
                "access": hashlib.sha256(access.encode()).digest(),
                "refresh": hashlib.sha256(refresh.encode()).digest(),
            },
        )
        return orjson.dumps(
            {
                "access_token": access,
                "refresh_token": refresh,
                "token_type": "Bearer",
                "expires_in": 900,
                "user": {
                    "id": user["sourced_id"],
                    "username": user["username"],
                    "name": f"{user['given_name']} {user['family_name']}".strip(),
                    "language": user["language"],
                    "setup_missing": [],
                },
            }
        )

    def _students(self, cursor: Any, who: Row, query: str) -> bytes:
        asked = who | {"permission": "students.view"}
        more = ""
        if "q=" in query:
            more = "AND (st.given_name ILIKE %(q)s OR st.family_name ILIKE %(q)s OR st.admission_number ILIKE %(q)s)"
            asked["q"] = f"%{query.partition('q=')[2]}%"
        rows = self._all(cursor, sql.STUDENTS.format(more=more), asked)
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
                rows = self._all(cursor, sql.MINE, who | {"permission": "attendance.mark"}, sql.BY_SESSION)
                return _html("My classes", "".join(_class_line(row, self._today) for row in rows))
            case ["office", "students", "student"]:
                asked = who | {"permission": "students.view"}
                rows = self._all(cursor, sql.STUDENTS.format(more=""), asked, sql.BY_SESSION)[:50]
                cursor.execute("SELECT count(*) AS number FROM students_student WHERE merged_into_id IS NULL")
                number = cursor.fetchone()["number"]
                return _html("Students", f"<p>{number}</p><table>{''.join(map(_student_line, rows))}</table>")
            case ["office", "rolls", "section", group, "week", day]:
                return self._week(cursor, who, group, dt.date.fromisoformat(day))
            case ["office", "student", student]:
                return self._one_student(cursor, who | {"student": student})
            case ["office", "desk"]:
                return self._desk(cursor, who, environ["QUERY_STRING"].partition("q=")[2])
            case ["office"]:
                return self._start(cursor, who)
        raise LookupError(path)

    def _sheet(self, cursor: Any, who: Row, group: str, day: str, permission: str, line: Callable[..., str]) -> bytes:
        asked = who | {
            "group": group, "day": dt.date.fromisoformat(day), "period": None, "permission": permission,
        }  # fmt: skip
        place = self._place(cursor, sql.BY_SESSION, "section_id", asked)
        rows = self._records(cursor, "section_id", place, asked)
        cursor.execute(sql.CODES)
        codes = [code for code in cursor.fetchall() if code["teacher_selectable"]]
        body = "".join(line(row, codes) for row in rows)
        return _html(
            f"{place['title']} {day}",
            f'<a href="/office/rolls/section/{group}/week/{day}/">Week</a>'
            f'<form method="post"><input type="hidden" name="version" value="{place["version"]}">{body}'
            "<button>Save the roll</button></form>",
        )

    def _week(self, cursor: Any, who: Row, group: str, day: dt.date) -> bytes:
        asked = who | {"group": group, "day": day, "period": None}
        place = self._place(cursor, sql.BY_SESSION, "section_id", asked | {"permission": "attendance.view"})
        self._place(cursor, sql.BY_SESSION, "section_id", asked | {"permission": "attendance.mark"})
        first = day - dt.timedelta(days=day.weekday())
        days = [first + dt.timedelta(days=number) for number in range(5)]
        asked |= {"group_key": place["id"], "first": first, "last": days[-1], "campus": place["campus"]}
        cursor.execute(sql.WEEK_MEMBERS, asked)
        students = cursor.fetchall()
        asked["keys"] = [student["key"] for student in students]
        cursor.execute(sql.WEEK_ROLLS, asked)
        versions = {row["day"]: row["version"] for row in cursor.fetchall()}
        cursor.execute(sql.WEEK_SAID, asked)
        said = {(row["student_id"], row["day"]): row for row in cursor.fetchall()}
        cursor.execute(sql.WEEK_OFFICE, asked)
        office = {(row["student_id"], row["day"]): row["code"] for row in cursor.fetchall()}
        cursor.execute(sql.CLOSED, asked)
        closed = {row["day"]: row["title"] for row in cursor.fetchall()}
        cursor.execute(sql.CODES)
        codes = [code for code in cursor.fetchall() if code["teacher_selectable"]]
        open_days = [each for each in days if each not in closed and each <= self._today]
        head = "".join(
            f'<th>{each:%A %d}<input type="hidden" name="version-{each}" value="{versions.get(each, 0)}">'
            if each in open_days
            else f"<th>{each:%A %d} {escape(closed.get(each, 'not yet'))}"
            for each in days
        )
        lines = [
            f'<tr><td>{row["roll_number"] or ""}<th><a href="/office/student/{row["student_id"]}/">{_name(row)}</a>'
            + "".join(_week_cell(row, each, said, office, codes) if each in open_days else "<td>" for each in days)
            for row in students
        ]
        group_link = f'<a href="/office/rolls/section/{group}/{day}/">Day</a>'
        return _html(f"{place['title']} {first}", f"{group_link}<form><table>{head}{''.join(lines)}</table></form>")

    def _one_student(self, cursor: Any, who: Row) -> bytes:
        found = self._all(cursor, sql.ONE_STUDENT, who | {"permission": "students.view"}, sql.BY_SESSION)
        if not found:
            raise Refused
        (student,) = found
        asked = {**who, "key": student["id"], **{name: student[name] for name in ("first", "last", "campus")}}

        def rows(statement: str, permission: str = "students.view") -> list[Row]:
            if permission not in student["held"]:
                return []
            cursor.execute(statement, asked)
            return cursor.fetchall()  # type: ignore[no-any-return]

        days = {row["day"]: row for row in rows(sql.DAYS_OF, "attendance.view")}
        closed = {row["day"] for row in rows(sql.CLOSED, "attendance.view")}
        parts = [
            "".join(_plain(row) for row in rows(sql.ENROLLED)),
            "".join(_plain(row) for row in rows(sql.FAMILY, "guardians.view")),
            f"<svg>{''.join(_squares(student, days, closed))}</svg>",
            "".join(_plain(row) for row in days.values()),
            "".join(_plain(row) for row in rows(sql.LEAVE_OF, "attendance.view")),
            "".join(_plain(row) for row in rows(sql.TRAIL_OF, "audit.view")),
        ]
        head = (
            f'<a href="/office/student/{who["student"]}/move/">Move</a> {student["admission_number"]}'
            f" {student['birth_date']} {student['phone']} {escape(student['medical_note'] or '')}"
        )
        return _html(_name(student), head + "".join(f"<section>{part}</section>" for part in parts))

    def _desk(self, cursor: Any, who: Row, words: str) -> bytes:
        asked = who | {"permission": "attendance.desk", "q": f"%{words}%"}
        found = self._all(cursor, sql.DESK_FOUND, asked, sql.BY_SESSION)
        entries = self._all(cursor, sql.DESK_ENTRIES, asked, sql.BY_SESSION)
        people = "".join(
            f'<li><a href="?student={row["id"]}">{_name(row)}</a> {escape(row["section"])} {row["admission_number"]}'
            for row in found
        )
        lines = "".join(
            f'<tr><th><a href="/office/student/{row["student_id"]}/">{_name(row)}</a><td>{row["code"]} '
            f"{escape(row['code_name'])} {row['period'] or ''}<td>{row['arrived_at'] or ''}<td>{row['left_at'] or ''}"
            f"<td>{escape(row['remark'])}<td>{escape(row['entered_by'] or '')}"
            f'<td><form method="post" action="/office/desk/{row["entry"]}/undo/"><button>Take back</button></form>'
            for row in entries
        )
        return _html("Late desk", f"<form><input name=q></form><ul>{people}</ul><table>{lines}</table>")

    def _start(self, cursor: Any, who: Row) -> bytes:
        asked = who | {"permission": "attendance.view"}
        figures = self._all(cursor, sql.FIGURES, asked, sql.BY_SESSION)
        trend = self._all(cursor, sql.TREND, asked, sql.BY_SESSION)
        absent = self._all(cursor, sql.ABSENTEES.format(order="d.excused,"), asked, sql.BY_SESSION)
        missing = self._all(cursor, sql.NOT_TAKEN, who | {"permission": "attendance.mark"}, sql.BY_SESSION)
        days = [f"{self._today + dt.timedelta(days=number):%m%d}" for number in range(7)]
        born = self._all(cursor, sql.BIRTHDAYS, who | {"permission": "students.view", "days": days}, sql.BY_SESSION)
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


def _week_cell(row: Row, day: dt.date, said: dict[Any, Row], office: dict[Any, str], codes: list[Row]) -> str:
    if not row["since"] <= day < row["until"]:
        return "<td>"
    record = said.get((row["key"], day))
    chosen = record["code"] if record else office.get((row["key"], day))
    options = "".join(
        f"<option{' selected' if code['code'] == chosen else ''}>{code['code']}</option>" for code in codes
    )
    return f'<td><select name="code-{day}-{row["student_id"]}"><option value="">–</option>{options}</select>'


def _squares(student: Row, days: dict[dt.date, Row], closed: set[dt.date]) -> Iterable[str]:
    monday = student["first"] - dt.timedelta(days=student["first"].weekday())
    for number in range((student["last"] - student["first"]).days + 1):
        day = student["first"] + dt.timedelta(days=number)
        row = days.get(day)
        free = day in closed or day.isoweekday() in student["weekend"]
        kind = row["state"] if row else "closed" if free else "empty"
        x, y = (day - monday).days // 7 * 13, 16 + day.weekday() * 13
        yield f'<rect class="{kind}" x="{x}" y="{y}" width="11" height="11"><title>{day:%d %b}</title></rect>'


def _plain(row: Row) -> str:
    return f"<tr>{''.join(f'<td>{escape(str(value or str()))}' for value in row.values())}"


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
