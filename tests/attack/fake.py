"""A school that answers as it should, of no server at all; and what is planted in it answers first."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.attack.steps.gateways import FAR_S, cards_secret, signed
from tests.attack.target import Target
from tests.attack.told import SMS_SECRET
from tests.smoke.web import Answer

DAY = "2026-11-25"
# What is asked (``bob GET /api/v1/students``) → what is answered, or nothing where another is to answer.
Planted = Callable[["Sound", str, Any], "tuple[int, Any] | None"]
REGISTRAR = {"id": "r1", "code": "registrar", "version": 1, "permissions": ["students.manage", "students.view"]}
TEACHER = {"id": "r2", "code": "teacher", "version": 1, "permissions": []}
# What guardians ask for in vain.
SENT = {"/messages", "/announcements", "/outgoing", "/bounced-addresses", "/message-facts", "/message-rules"}
SESSION = {
    "id": "e1", "version": 1, "state": "held", "timetable_published_at": None, "results_published_at": None,
}  # fmt: skip
# What the administrator is told, by what she asks for first in the address.
TOLD: dict[tuple[str, str], tuple[int, Any]] = {
    ("GET", "institutions"): (200, {"results": [{"id": "main", "code": "MAIN"}]}),
    ("GET", "sections"): (200, {"results": [{"id": "s1", "year_id": "y", "grade_level_id": "g"}]}),
    ("GET", "today"): (200, {"day": DAY}),
    ("GET", "guardians"): (200, {"results": [{"id": "carol", "user_id": "u"}]}),
    ("GET", "roles"): (200, {"results": [REGISTRAR, TEACHER]}),
    ("GET", "users"): (200, {"results": [{"id": "bob"}]}),
    ("GET", "account-policy"): (200, {"staff_need_totp": False, "version": 1}),
    ("GET", "imports"): (404, {}),
    ("GET", "jobs"): (404, {}),
    ("PUT", "roles"): (200, {"version": 2}),
    ("POST", "institutions"): (201, {"id": "annex"}),
    ("GET", "exam-sessions"): (200, {**SESSION, "results": [SESSION]}),
    ("GET", "invoices"): (200, {"results": [{"id": "b1", "student_id": "hugo"}, {"id": "b2", "student_id": "n9"}]}),
    ("POST", "imports"): (202, {}),
    ("POST", "exam-sessions"): (202, {}),
    ("POST", "auth"): (200, {}),
    ("POST", "users"): (201, {"user": {"id": "u"}, "token": "t"}),
}


def _of_field(name: str, form: bytes) -> bytes:
    return form.partition(f'name="{name}"\r\n\r\n'.encode())[2].partition(b"\r\n")[0]


@dataclass
class Sound:
    """The school, and its outside. ``wrong``: what is planted."""

    wrong: Planted = lambda *_: None
    slug: str = "oak"
    admin_url: str = ""
    students: dict[str, dict[str, Any]] = field(default_factory=dict)
    open: set[tuple[str, str]] = field(default_factory=lambda: {("carol", "hugo")})
    guardians: list[Any] = field(default_factory=list)
    teaches: bool = False
    may: bool = True
    kept: dict[str, tuple[int, Any]] = field(default_factory=dict)
    counted: Any = field(default_factory=lambda: itertools.count(1))
    made: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    dead: bool = False
    guesses: int = 0
    secret: str = ""
    typed: bytes = b""
    begun: bool = False

    def target(self) -> Target:
        people = ("alice", "bob", "carol", "dave", "erin", "hugo")
        return Target(self.send, f"{self.slug}.localhost", {name: f"password of {name}" for name in people}, self)

    # --- over HTTP ----------------------------------------------------------------------------------------------------
    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str], address: str) -> Answer:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        who = token or headers.get("Cookie", "").partition("who=")[2].partition(";")[0] or address or "nobody"
        who = "new" if who.startswith("new-") else who
        try:
            said = json.loads(body or b"null")
        except ValueError:
            said = body
        asked = f"{who} {method} {path.replace('/api/v1', '')}"
        planted = self.wrong(self, asked, {"said": said, "headers": headers})
        status, told = planted or self.answer(who, asked, said, headers)
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        back = {"ratelimit": f'"user";r={next(self.counted)}', "location": "/api/v1/imports/i1", "retry-after": "0"}
        if isinstance(told, dict):
            back |= told.get("headers", {})
        if method == "POST" and path == "/office/login/":
            back["set-cookie"] = f"who={(body or b'').rpartition(b'login=')[2].decode()}; Path=/"
        return Answer(asked, status, back, content)

    def answer(self, who: str, asked: str, said: Any, headers: dict[str, str]) -> tuple[int, Any]:
        _, method, path = asked.split(" ", 2)
        plain = path.partition("?")[0]
        if plain == "/auth/login":
            return self._log_in(said)
        if plain.startswith("/office/"):
            return self._office(who, method, path, said, headers)
        if plain.startswith("/family/"):
            return self._family(who, method, plain, said)
        told = self._from_outside(plain, said, headers) or self._of_money(who, plain, said)
        if told := told or self._of_offices(who, method, plain, said) or self._of_families(who, method, plain, said):
            return told
        if plain.startswith("/students"):
            return self._students(who, method, plain, path, said, headers)
        if who == "new":
            return self._new(method, plain, path)
        if who == "dave":
            return 403, {}
        return self._erin(method, plain, said, headers)

    def _office(self, who: str, method: str, path: str, said: Any, headers: dict[str, str]) -> tuple[int, Any]:
        if "/many/" in path:
            return self._many(who, method, path, said)
        if "typed=" in path or "X-Draft" in headers:
            return self._draft(who, path, said, headers)
        listed = path.startswith(("/office/staff/", "/office/students/", "/office/institutions/"))
        return (302, {}) if (listed and "?" in path) or method == "POST" else (200, {})

    def _from_outside(self, plain: str, said: Any, headers: dict[str, str]) -> tuple[int, Any] | None:
        if plain.startswith("/hooks/"):
            heard = plain == "/hooks/sms" and headers.get("Authorization") == f"Bearer {SMS_SECRET}"
            return (404 if not heard else 204 if isinstance(said, dict) else 400), {}
        if plain == "/card-gateway/events":
            now = int(time.time())
            sound = {signed(json.dumps(said).encode(), cards_secret()[1], now - ago) for ago in range(FAR_S // 3)}
            return (204 if headers.get("Stripe-Signature") in sound else 400), {}
        if plain.endswith("/photo"):
            return (204 if b"IHDR" in said else 422), {}
        return None

    def _of_money(self, who: str, plain: str, said: Any) -> tuple[int, Any] | None:
        match plain.strip("/").split("/"):
            case ["payment-intents"]:
                theirs = who == "carol" and (said["student_id"], said["invoice_id"]) == ("hugo", "b1")
                return (201 if theirs else 404), {"id": "p1", "checkout_url": "http://oak/ticket"}
            case ["payment-intents", _]:
                return 200, {"state": "open"}
            case ["invoices", *_] if who != "erin":
                return 403, {}
            case ["students", child, "invoices"]:
                mine = (who, child) == ("carol", "hugo")
                return (200 if mine else 404), {"results": [{"id": "b1", "left": "8.00"}]}
            case ["students", _, "invoices", *_]:
                return 404, {}
            case ["exam-sessions", _, "publication"]:
                return (200 if who == "alice" else 403), {}
        return None

    def _of_offices(self, who: str, method: str, plain: str, said: Any) -> tuple[int, Any] | None:
        if plain.startswith("/announcements") and (method, plain) != ("GET", "/announcements"):
            return self._announcement(who, method, said)
        if not plain.startswith(("/card-gateway", "/bank-statements", "/message-templates", "/message-rules")):
            return None
        if who != "erin":
            return 403, {}
        if plain == "/message-rules":
            known = {**said, "sends": None} == {"fact": "attendance.late", "channel": "sms", "sends": None}
            return (200 if known else 422), {}
        if method == "PUT":
            known = said.get("gateway") == "sandbox"
            return (200 if known else 422), {}
        there = {"headers": {"location": "/api/v1/bank-statements/s1"}, "state": "read"}
        return (202 if method == "POST" else 200), there

    def _announcement(self, who: str, method: str, said: Any) -> tuple[int, Any]:
        if who != "erin":
            return 404, {}
        sent = {"content-type": "image/png", "x-content-type-options": "nosniff"}
        fits = method != "PUT" or b"IHDR" in (said or b"")
        return (201 if method == "POST" else 200 if fits else 422), {"id": "a1", "headers": sent}

    def _many(self, who: str, method: str, plain: str, said: Any) -> tuple[int, Any]:
        if who != "erin" or "/guardian/" in plain:
            return 404, {}
        if method == "POST" and not (self.begun and plain.endswith("/c1/")):
            self.begun = plain.endswith("/c1/")
            self.called(_of_field("family_name", said))
        return (302 if method == "POST" else 200), {}

    def called(self, name: bytes) -> None:
        """All of them have the name."""
        for each in self.students.values():
            each["family_name"] = name.decode()

    def _draft(self, who: str, path: str, said: Any, headers: dict[str, str]) -> tuple[int, Any]:
        if who != "erin":
            return (302 if who == "nobody" else 204), b""
        if headers.get("X-Draft") == "keep":
            self.typed = _of_field("given_name", said)
        note = b'<a href="/office/student/admit/?typed=k"></a>'
        return 200, self.typed if "typed=" in path else note

    def _of_families(self, who: str, method: str, plain: str, said: Any) -> tuple[int, Any] | None:
        if plain == "/outgoing/hold" or (who == "carol" and plain in SENT):
            return 403, {}
        if plain.startswith("/contact-requests"):
            decides = plain.count("/") == 3
            return (403 if decides else 201 if method == "POST" else 404), {"id": "w1"}
        if plain.endswith("/calendar-feed"):
            if who != "carol":
                return 404, {}
            self.secret = "secret" if method == "POST" else ""
            return (201 if self.secret else 204), {"address": "http://oak/secret.ics"}
        if (who, method, plain) == ("carol", "POST", "/leaves"):
            return (201 if ("carol", said["student_id"]) in self.open else 404), {}
        return None

    def _family(self, who: str, method: str, plain: str, said: Any) -> tuple[int, Any]:
        if plain.startswith("/family/calendars/"):
            return (200 if plain == f"/family/calendars/{self.secret}.ics" and self.secret else 404), {}
        match plain.strip("/").split("/"):
            case ["family", "children", "hugo", "bills", "b1", "pay"] if who == "carol":
                return 200, b""
            case ["family", "children", child, *page] if ("carol", child) not in self.open or page[:1] == [
                "bills"
            ] != page:
                return 404, {}
            case ["family"] | ["family", "contact" | "preferences" | "children", *_] if who == "carol":
                sent_along = method == "POST" and b"filename=" in said
                return (422 if sent_along else 303 if method == "POST" else 200), b"&lt;script&gt;"
        return 404, {}

    def _log_in(self, said: Any) -> tuple[int, Any]:
        if isinstance(said, bytes):
            return 200, {}
        if said["password"].startswith("guess"):
            self.guesses += 1
            return 429, {}
        return 200, {"access_token": said["login"]}

    def _new(self, method: str, plain: str, path: str) -> tuple[int, Any]:
        """Who was let in by a step: a teacher who leaves, an administrator of another campus."""
        if plain == "/institutions/annex" and method == "GET":
            return 200, {}
        return 404, {}

    def _erin(self, method: str, plain: str, said: Any, headers: dict[str, str]) -> tuple[int, Any]:
        made = plain.strip("/").partition("/")[0]
        if method == "POST" and made == "guardians":
            self.guardians.append(said)
            if len(headers.get("Idempotency-Key", "")) > 255:
                return 400, {}
        if made in {"assignments", "staff"} and method in {"POST", "PATCH"}:
            self.teaches = made == "assignments"
        if plain.endswith("/permissions"):
            self.may = "students.manage" in said["permissions"]
        return TOLD.get((method, made)) or ((201, {"id": "x", "version": 1}) if method == "POST" else (200, {}))

    def _students(
        self, who: str, method: str, plain: str, path: str, said: Any, headers: dict[str, str]
    ) -> tuple[int, Any]:
        if (method, plain) == ("GET", "/students"):
            return 200, {"results": self._listed(who)}
        if who == "dave":
            return self._patched(said, headers)
        if method == "GET" and plain.count("/") == 2:
            student = self.students.get(plain.removeprefix("/students/"), {})
            shown = student and (who == "erin" or (who, student["id"]) in self.open)
            return (200, student) if shown else (404, {})
        match method, plain.strip("/").split("/"):
            case "POST", ["students"]:
                number = f"n{len(self.students)}"
                self.students[number] = {"id": number, "version": 1, **said}
                return 201, self.students[number]
            case "POST", ["students", student, "guardians"]:
                if not said.get("restriction_note") and said.get("data_access", True):
                    self.open.add(("carol", student))
                return 201, {"id": "l1"}
            case "POST", ["students", student, "merge"]:
                other = self.students.get(said["duplicate_id"], {})
                kept = self.students.setdefault(student, {"id": student})
                kept["medical_note"] = f"{kept.get('medical_note')}\n{other.get('medical_note')}"
                self.open.clear()
                return 200, {}
            case "GET", ["students", _, "guardians"] if who == "erin":
                return 200, {"results": self.guardians}
        return (200, {}) if who == "erin" and method in {"DELETE", "PUT"} else (404, {})

    def _listed(self, who: str) -> list[Any]:
        match who:
            case "new":
                return [{"id": "n0"}] if self.teaches else []
            case "hugo":
                return [{"id": "hugo"}]
            case "carol":
                return [{"id": "hugo"}]
        return [{"id": "hugo"}, {"id": "n9"}]

    def _patched(self, said: Any, headers: dict[str, str]) -> tuple[int, Any]:
        key = headers["Idempotency-Key"]
        if not self.may:
            return 403, {}
        self.kept[key] = (200, {"version": 2, **said})
        return self.kept[key]

    # --- behind the doors ---------------------------------------------------------------------------------------------
    def rows(self, query: str, *values: Any, role: str = "") -> list[tuple[Any, ...]]:
        asked = f"{role or 'owner'} SQL {query} {values}"
        planted = self.wrong(self, asked, {})
        if planted is not None:
            return list(planted[1])
        if role and query != "SELECT 1":
            raise psycopg.errors.InsufficientPrivilege
        if "office_listchange" in query:
            return [("c1",)]
        if "students_student" in query:
            return [(1,)]
        if "role_name" in query:
            return [(f"school_{values[0]}", f"role_{values[0]}")]
        there = not any(f"{each}" in str(values) for each in self.gone)
        if "pg_namespace" in query or "pg_roles" in query or query == "SELECT 1":
            return [(1,)] if there else []
        if "information_schema" in query:
            return [("queues_job",), ("queues_operatoraction",)]
        if "count(*)" in query:
            return [(int(there and "lomowner" not in query),)]
        return []

    def manage(self, *arguments: str) -> str:
        if arguments[0] == "purge_deleted_schools":
            self.gone |= self.made
        return ""

    def files(self, schema: str) -> list[str]:
        planted = self.wrong(self, f"owner FILES {schema}", {})
        gone = any(each in schema for each in self.gone)
        return list(planted[1]) if planted is not None else [] if gone else ["roster.csv"]

    def processes_of(self, program: str) -> set[int]:
        planted = self.wrong(self, f"owner PROCESSES {program}", {})
        return set(planted[1]) if planted is not None else {2 if self.dead else 1}

    def kill(self, program: str) -> None:
        self.dead = not self.dead

    def another_school(self, slug: str) -> Target:
        planted = self.wrong(self, f"owner SCHOOL {slug}", {})
        if planted is not None:
            raise RuntimeError(planted[1])
        self.made.add(slug)
        target = self.target()
        target.host = f"{slug}.localhost"
        return target
