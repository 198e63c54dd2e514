"""A school seen from outside: who logs in, what day it is, and how to make whatever a request needs to exist."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from tests.smoke.web import Answer, Picture

API = "/api/v1"
# (method, path, token, body, query, headers) → answer, at this school's address
Send = Callable[[str, str, str | None, Any, dict[str, str], dict[str, str]], Answer]
ADMINISTRATOR = "administrator"


class NothingThere(LookupError):
    """A list that should have a row has none."""


@dataclass
class World:
    """One school. ``logins``: username → password; ``roles``: role → the username that stands for it here."""

    send: Send
    logins: dict[str, str]
    roles: dict[str, str]
    # A tracked job of this user and of a task that nobody has begun; the API itself begins none that waits.
    track: Callable[[str, str], int]
    # Let the job of this import have come to nothing half-way: no worker does that when it is asked.
    stop: Callable[[str], None]
    # Whether a worker is at something that changes tables later, or has it before it.
    working: Callable[[], bool] = lambda: False
    # Let a message be in doubt, or have come back: only a mail server does that.
    became: Callable[[str, str], None] = lambda message, state: None  # noqa: ARG005 - nothing, without the database
    room: str = "7 B"
    _tokens: dict[str, str] = field(default_factory=dict)
    _number: Any = field(default_factory=lambda: itertools.count(1))
    # Free ones, which the demo has no use for and a person could mean.
    _years: Any = field(default_factory=lambda: itertools.count(2100))

    # --- asking -------------------------------------------------------------------------------------------------------
    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str = "",
        token: str | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Ask as ``by`` (a username; the administrator unless said)."""
        return self.send(
            method, f"{API}/{path}", token or self.token(by or self.administrator), body, query or {}, headers or {}
        )

    def get(self, path: str, *, by: str = "", **query: str) -> Any:
        """What is there. Raises ``NotAsExpected``."""
        return self.ask("GET", path, by=by, query=query).expect(200).json

    def post(self, path: str, body: Any = None, *, by: str = "", headers: dict[str, str] | None = None) -> Any:
        """What became of it. Raises ``NotAsExpected``."""
        return self.ask("POST", path, body, by=by, headers=headers).expect().json

    @property
    def administrator(self) -> str:
        return self.roles[ADMINISTRATOR]

    def token(self, username: str) -> str:
        """An access token of ``username``, always the same one."""
        if username not in self._tokens:
            self._tokens[username] = self.login(username)["access_token"]
        return self._tokens[username]

    def login(self, username: str) -> Any:
        """A new login."""
        body = {"login": username, "password": self.logins[username]}
        return self.send("POST", f"{API}/auth/login", None, body, {}, {}).expect(200).json

    def number(self) -> int:
        """Another one each time."""
        return next(self._number)

    def first(self, collection: str, **query: str) -> Any:
        """The first row of a list. Raises ``NothingThere``."""
        rows = self.get(collection, **query)["results"]
        if not rows:
            raise NothingThere(f"{collection} {query or ''} is empty")
        return rows[0]

    # --- what is there ------------------------------------------------------------------------------------------------
    @cached_property
    def institution(self) -> str:
        return str(self.first("institutions")["id"])

    @cached_property
    def day(self) -> date:
        """Today where the school is; a day of school, whatever the calendar said before."""
        today = self.get("today", institution_id=self.institution)
        if not today["instructional"]:
            days = {"institution_id": self.institution, "starts_on": today["day"], "ends_on": today["day"]}
            self.ask("PUT", "calendar-days", {**days, "kind": "instructional", "title": "Open day"}).expect()
        return date.fromisoformat(today["day"])

    @property
    def today(self) -> str:
        return self.day.isoformat()

    @property
    def tomorrow(self) -> str:
        return (self.day + timedelta(days=1)).isoformat()

    @cached_property
    def year(self) -> Any:
        return self.get("today", institution_id=self.institution)["year"]

    def section(self, name: str = "") -> Any:
        """A section of this year by its name, such as ``7 B``."""
        level, letter = (name or self.room).split()
        rows = self.get("sections", year_id=self.year["id"], limit="200")["results"]
        return next(row for row in rows if row["grade_level_name"] == f"Grade {level}" and row["name"] == letter)

    @cached_property
    def homeroom(self) -> Any:
        return self.section()

    @cached_property
    def roster(self) -> list[Any]:
        """Who is in the homeroom today."""
        rows: list[Any] = self.get(f"sections/{self.homeroom['id']}/students", as_of=self.today)["results"]
        return rows

    @property
    def student(self) -> str:
        return str(self.roster[0]["id"])

    @cached_property
    def taught(self) -> Any:
        """A class of the homeroom."""
        return self.first("classes", section_id=self.homeroom["id"])

    @cached_property
    def period(self) -> Any:
        return self.first("periods", institution_id=self.institution)

    @cached_property
    def staff(self) -> dict[str, str]:
        """Ids of members of staff by username, which their number ends with."""
        rows = self.get("staff", limit="200")["results"]
        return {row["staff_number"].rsplit("-", 1)[-1].lower(): row["id"] for row in rows}

    def user_id(self, username: str) -> str:
        return str(self.first("users", q=username)["id"])

    # --- what a request needs -----------------------------------------------------------------------------------------
    @cached_property
    def spare_section(self) -> Any:
        """A section of our own with seats for everybody we admit."""
        return self.new_section()

    def placement(self, section: Any = None) -> dict[str, Any]:
        """Where a new student goes: into the spare section unless said."""
        row = section or self.spare_section
        return {
            "year_id": self.year["id"],
            "grade_level_id": row["grade_level_id"],
            "section_id": row["id"],
            "entered_on": self.today,
        }

    def admission(self, section: Any = None) -> dict[str, Any]:
        """A body that admits a student."""
        number = self.number()
        return {
            "institution_id": self.institution,
            "admission_number": f"SMOKE-{number}",
            "given_name": f"Quillon{number}",
            "family_name": "Smokestack",
            "enrolment": self.placement(section),
            "guardians": [{"guardian": {"given_name": f"Perpetua{number}"}, "link": {"relation": "mother"}}],
        }

    def new_student(self) -> Any:
        return self.post("students", self.admission())

    def new_institution(self) -> Any:
        number = self.number()
        body = {"name": f"Campus {number}", "code": f"SMOKE{number}", "timezone": "UTC", "currency": "EUR"}
        return self.post("institutions", body)

    def year_body(self, institution: str = "") -> dict[str, Any]:
        begins = next(self._years)
        return {
            "institution_id": institution or self.institution,
            "name": f"{begins}",
            "starts_on": f"{begins}-01-01",
            "ends_on": f"{begins}-12-31",
        }

    def new_year(self, institution: str = "") -> Any:
        return self.post("years", self.year_body(institution))

    def new_section(self) -> Any:
        return self.post("sections", self.section_body())

    def section_body(self, year: str = "") -> dict[str, Any]:
        return {
            "year_id": year or self.year["id"],
            "grade_level_id": self.homeroom["grade_level_id"],
            "name": f"S{self.number()}",
        }

    def course_body(self) -> dict[str, Any]:
        return {"institution_id": self.institution, "code": f"SMOKE-{self.number()}", "title": "Smoke signals"}

    def class_body(self, year: str = "") -> dict[str, Any]:
        course = self.first("courses")["id"]
        return {
            "course_id": course,
            "year_id": year or self.year["id"],
            "code": f"SMOKE-{self.number()}",
            "title": "Smoke",
        }

    def new_class(self) -> Any:
        return self.post("classes", self.class_body())

    def level_body(self) -> dict[str, Any]:
        number = 100 + self.number()
        return {"name": f"Level {number}", "code": f"S{number}", "position": number}

    def let_in(self, *roles: str) -> Any:
        """A new login: ``user``, and the ``token`` of the link by which its password is set."""
        body = {"username": f"smoke-{self.number()}", "roles": [{"role": role} for role in roles]}
        return self.post("users", body)

    def new_user(self, *roles: str) -> Any:
        """A new login without a password yet."""
        return self.let_in(*roles)["user"]

    def new_person(self, *roles: str) -> str:
        """A new login that works; its username."""
        made = self.let_in(*(roles or ("accountant",)))
        password = f"correct horse {self.number()}"
        sent = {"token": made["token"], "password": password}
        self.send("POST", f"{API}/auth/redeem", None, sent, {}, {}).expect(200)
        self.logins[made["user"]["username"]] = password
        return str(made["user"]["username"])

    def new_guardian(self) -> Any:
        return self.post("guardians", {"given_name": f"Perpetua{self.number()}", "family_name": "Smokestack"})

    def new_leave(self) -> Any:
        student = self.new_student()["id"]
        body = {"student_id": student, "starts_on": self.today, "ends_on": self.today, "reason": "Dentist"}
        return self.post("leaves", body)

    def new_code(self) -> Any:
        return self.post("attendance-codes", self.code_body())

    def code_body(self) -> dict[str, Any]:
        return {"code": f"Z{self.number()}", "name": "Smoke", "direction": "out", "state": "absent"}

    # --- imports ------------------------------------------------------------------------------------------------------
    def new_import(self, *, applied: bool = False) -> str:
        """An import of one student that was read, and applied if so said; its id."""
        run = str(self.ask("POST", "imports", self.sheet()).expect(202).json["id"])
        self.settle()
        if applied:
            reading = self.get(f"imports/{run}")["reading"]
            self.ask("POST", f"imports/{run}/confirm", {"reading": reading}).expect(202)
            self.settle()
        return run

    def stopped_import(self) -> str:
        """An import whose job came to nothing; its id."""
        run = self.new_import()
        self.stop(run)
        return run

    def sheet(self) -> Picture:
        """A form with a list of one new student."""
        from tests.smoke.rosters import form

        code = self.get(f"institutions/{self.institution}")["code"]
        said = f"Admission number,Given name,Campus\nSHEET-{self.number()},Quillon,{code}\n"
        return form(said.encode(), "students.csv")

    def settle(self) -> None:
        """Wait until no worker is at what changes our tables later."""
        from tests.smoke.day import must
        from tests.smoke.rosters import PATIENCE_S

        until = time.monotonic() + PATIENCE_S
        while self.working():
            must(time.monotonic() < until, f"the workers are done in {PATIENCE_S} s")
            time.sleep(0.02)

    # --- rolls --------------------------------------------------------------------------------------------------------
    def roll(self, path: str = "", *, by: str = "") -> Any:
        """A roll as it is now: the homeroom's of today unless said."""
        return self.get(path or self.roll_path(), by=by)

    def roll_path(self, section: str = "") -> str:
        return f"sections/{section or self.homeroom['id']}/roll/{self.today}"

    def marks(self, roll: Any, **codes: str) -> dict[str, Any]:
        """A body that marks ``roll``: everybody present but those (by id) that ``codes`` names."""
        records = [
            {"student_id": row["student_id"], "code": codes.get(row["student_id"], "P")} for row in roll["records"]
        ]
        return {"version": roll["version"], "records": records}

    def taken_roll(self) -> Any:
        """A roll that somebody has taken, of a section of its own."""
        section = self.new_section()
        self.post("students", self.admission(section))
        path = self.roll_path(section["id"])
        return self.ask("PUT", path, self.marks(self.roll(path))).expect(200).json


def png(size: int = 8) -> Picture:
    """A small picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    rows = (b"\x00" + b"\x2e\x7d\x32" * size) * size
    return Picture(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def one_time_code(secret: str, at: float) -> str:
    """What an authenticator app shows (RFC 6238: SHA-1, 30 s, six digits)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
