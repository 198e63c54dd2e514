"""Every kind of write, for the history of what was acknowledged: what is sent, what marks it, and where it is seen.

A mark is a text of its own, so that a write can be counted in the table it belongs to, by a login that has nothing to
do with the API; what has no text of its own is counted by the id in its address. Whatever is not sent stands in
``excused``, and why.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from tests.smoke import asks  # noqa: F401 - each module declares its requests
from tests.smoke.asks.table import Ask, declared
from tests.smoke.day import once
from tests.smoke.rosters import form
from tests.smoke.web import Picture
from tests.smoke.world import World

# Of a kind whose request works once: so many are made ready, and so many of them may be sent about each kill.
READY, A_KILL = 10, 2


@dataclass(frozen=True, slots=True)
class Kind:
    """``name`` as in ``tests/smoke/asks``. ``fills``: path in the body → what stands there: ``{mark}``, a text, or
    ``{short}``, six letters; a whole number where it is ``#``. ``seen``: the column that then has the last of them, or
    the id in the address where nothing is filled in; of ``gone`` the one that has it no more. ``source``: the rows in
    which it is looked for, where they are not all of the table. ``once``: each request is made ready by itself.
    ``keyed``: it is never sent without an Idempotency-Key. ``ready``: what makes the request, where it is not the one
    there; ``many``: what makes several of them at a time.
    """

    name: str
    fills: Mapping[str, str]
    seen: str
    once: bool = False
    keyed: bool = False
    gone: bool = False
    ready: Callable[[World], Ask] | None = None
    many: Callable[[World, int], list[Ask]] | None = None
    source: str = ""

    def made(self, world: World, number: int) -> list[Ask]:
        if self.many is not None:
            return self.many(world, number)
        make = self.ready or declared(self.name)
        return [make(world) for _ in range(number)]

    @property
    def path(self) -> str:
        return self.name.partition(" ")[2]

    @property
    def counted(self) -> str:
        """The query for (mark, how often it is there) of a list of marks."""
        table, _, column = self.seen.rpartition(".")
        if self.gone:
            there = f"SELECT FROM {table} WHERE {column}::text = mark"
            return f"SELECT mark, 1 FROM unnest(%s::text[]) mark WHERE NOT EXISTS ({there})"
        return f"SELECT {column}::text, count(*) FROM {self.source or table} WHERE {column}::text = ANY(%s) GROUP BY 1"


@dataclass(frozen=True, slots=True)
class Mark:
    """``number`` is of one write alone."""

    number: int

    def fill(self, text: str) -> Any:
        if text == "#":
            return 1000 + self.number
        # A score: two digits, unlike any that the requests of the smoke test give.
        score = f"{self.number // 100 % 40}.{self.number % 100:02}"
        return text.format(mark=f"Kept {self.number:05}", short=f"k{self.number:05}", score=score)

    def seen_as(self, kind: Kind) -> str:
        """What stands in the column: that of the last of the kind's fills."""
        return str(self.fill(list(kind.fills.values())[-1]))


def filled(kind: Kind, ask: Ask, mark: Mark) -> Ask:
    """The request with the mark in it."""
    if isinstance(ask.body, Picture):
        content = ask.body.content
        for was, text in kind.fills.items():
            content = content.replace(was.encode(), mark.fill(text).encode())
        return replace(ask, body=Picture(content, ask.body.kind))
    body = copy.deepcopy(ask.body)
    for path, text in kind.fills.items():
        *steps, last = path.split(".")
        at = body
        for step in steps:
            at = at[int(step)] if step.isdecimal() else at[step]
        at[last] = mark.fill(text)
    return replace(ask, body=body)


def _a_roll(world: World) -> Ask:
    section = world.new_section()
    world.post("students", world.admission(section))
    path = world.roll_path(section["id"])
    return Ask({"section": section["id"], "day": world.today}, world.marks(world.roll(path)))


def _a_lesson(world: World) -> Ask:
    day = _a_roll(world)
    path = f"{world.roll_path(day.ids['section'])}/{world.period['id']}"
    return Ask({**day.ids, "period": world.period["id"]}, world.marks(world.roll(path)))


def _term(world: World) -> str:
    return str(declared("POST exam-sessions")(world).body["term_id"])


def _a_gradebook(world: World) -> Ask:
    course = world.post("courses", world.course_body())["id"]
    said = {"term_id": _term(world), "section_id": world.homeroom["id"], "course_id": course}
    book = world.get(f"gradebooks/{world.post('gradebooks', said)['id']}")
    assessed = {
        "version": book["version"],
        "categories": [{"name": "Homework", "weight": "1"}],
        "assessments": [{"name": "One", "category": "Homework", "max_marks": "50"}],
    }
    sheet = world.ask("PUT", f"gradebooks/{book['id']}", assessed).expect().json
    mark = {"student_id": sheet["records"][0]["student_id"], "assessment_id": sheet["assessments"][0]["id"]}
    return Ask({"id": book["id"]}, {"marks_version": sheet["marks_version"], "records": [mark]})


def _bills(world: World, number: int) -> list[Ask]:
    """Bills that nobody pays, all of one run."""
    term = _term(world)
    item = {"year_id": world.year["id"], "term_id": term, "name": f"Item {world.number()}", "amount": "1.5"}
    world.post("fee-items", item)
    run = world.post("invoice-runs", {"term_id": term, "due_on": [world.today]})["id"]
    world.post(f"invoice-runs/{run}/confirm", {"total": world.get(f"invoice-runs/{run}/preview")["total"]})

    def unpaid() -> list[Any]:
        rows = world.get("invoices", run_id=run, limit="200")["results"]
        found = [row for row in rows if row["left"] == row["total"]][:number]
        return found if len(found) == number else []

    return [Ask({"id": row["id"]}, {"reason": ""}) for row in once("the bills are made", unpaid)]


def _sheet(world: World) -> Ask:
    code = world.get(f"institutions/{world.institution}")["code"]
    said = f"Admission number,Given name,Campus\nSHEET,Quillon,{code}\n"
    return Ask(body=form(said.encode(), "NAME.csv"))


def _statement(world: World) -> Ask:
    said = f"Date,Amount,Details,Reference\n{world.today},0.01,SHEET,SHEET\n"
    return Ask(body=form(said.encode(), "NAME.csv", institution_id=world.institution))


FILE = {"SHEET": "{short}", "NAME.csv": "{short}.csv"}
KINDS = (
    Kind("POST accounts", {"code": "{short}", "name": "{mark}"}, "fees_account.name"),
    Kind("POST announcements", {"title": "{mark}"}, "notifications_announcement.title"),
    Kind("POST attendance-codes", {"code": "{short}", "name": "{mark}"}, "attendance_attendancecode.name"),
    Kind("POST bank-statements", FILE, "fees_bankstatement.file_name", ready=_statement),
    Kind("POST classes", {"code": "{short}", "title": "{mark}"}, "institutions_courseclass.title"),
    Kind("POST concessions", {"reason": "{mark}"}, "fees_concession.reason"),
    Kind("POST courses", {"code": "{short}", "title": "{mark}"}, "institutions_course.title"),
    Kind("POST exam-sessions", {"name": "{mark}"}, "examinations_examsession.name"),
    Kind("POST exams", {"papers.0.title": "{mark}"}, "examinations_exam.title", once=True),
    Kind("POST fee-items", {"name": "{mark}"}, "fees_feeitem.name"),
    Kind("POST grade-levels", {"position": "#", "code": "{short}", "name": "{mark}"}, "institutions_gradelevel.name"),
    Kind("POST grading-scales", {"name": "{mark}"}, "examinations_gradingscale.name"),
    Kind("POST guardians", {"family_name": "{mark}"}, "students_guardian.family_name"),
    Kind("POST imports", FILE, "exchange_import.file_name", ready=_sheet),
    Kind("POST institutions", {"code": "{short}", "name": "{mark}"}, "institutions_institution.name"),
    Kind("POST leaves", {"reason": "{mark}"}, "attendance_leave.reason", once=True),
    Kind("POST ledger-postings", {"memo": "{mark}"}, "fees_ledgertransaction.memo", keyed=True),
    Kind("POST payments", {"reference": "{mark}"}, "fees_payment.reference", keyed=True),
    Kind("POST payments/{}/refund", {"reason": "{mark}"}, "fees_refund.reason", keyed=True),
    Kind("POST remark-phrases", {"text": "{mark}"}, "examinations_remarkphrase.text"),
    Kind("POST roles", {"name": "{mark}"}, "access_role.name"),
    Kind("POST sections", {"name": "{short}"}, "institutions_section.name"),
    Kind("POST staff", {"staff_number": "{short}", "family_name": "{mark}"}, "staff_staffmember.family_name"),
    # The child and the place at the school are one write.
    Kind(
        "POST students", {"admission_number": "{short}", "family_name": "{mark}"}, "s.family_name",
        source="students_enrolment e JOIN students_student s ON s.id = e.student_id",
    ),
    Kind("POST users", {"username": "{short}"}, "accounts_user.username"),
    Kind("PATCH guardians/{}", {"family_name": "{mark}"}, "students_guardian.family_name", once=True),
    Kind("PUT exams/{}/marks", {"records.0.score": "{score}"}, "examinations_mark.score", once=True),
    Kind("PUT sections/{}/roll/{}", {"records.0.remark": "{mark}"}, "attendance_attendancerecord.remark", once=True,
         ready=_a_roll),
    Kind("PUT sections/{}/roll/{}/{}", {"records.0.remark": "{mark}"}, "attendance_attendancerecord.remark", once=True,
         ready=_a_lesson),
    Kind("PUT gradebooks/{}/marks", {"records.0.score": "{score}"}, "examinations_assessmentmark.score", once=True,
         ready=_a_gradebook),
    Kind("PUT students/{}/photo", {}, "m.sourced_id", once=True,
         source="(SELECT * FROM students_student WHERE photo <> '') m"),
    Kind("PATCH accounts/{}", {"name": "{mark}"}, "fees_account.name", once=True),
    Kind("PATCH students/{}", {"preferred_name": "{mark}"}, "students_student.preferred_name", once=True),
    Kind("PATCH users/{}", {"given_name": "{mark}"}, "accounts_user.given_name", once=True),
    Kind("POST exam-sessions/{}/state", {}, "m.sourced_id", once=True,
         source="(SELECT * FROM examinations_examsession WHERE state = 'scheduled') m"),
    Kind("POST invoices/{}/void", {"reason": "{mark}"}, "m.void_reason", once=True, many=_bills,
         source="(SELECT * FROM fees_invoice WHERE state = 'void') m"),
    Kind("POST leaves/{}/approve", {"note": "{mark}"}, "m.decision_note", once=True,
         source="(SELECT * FROM attendance_leave WHERE state = 'approved') m"),
    Kind("POST payments/{}/reverse", {"reason": "{mark}"}, "fees_refund.reason", once=True, keyed=True),
    Kind("POST rolls/{}/lock", {"reason": "{mark}"}, "m.locked_reason", once=True,
         source="(SELECT * FROM attendance_attendancesession WHERE state = 'locked') m"),
    Kind("POST users/{}/deactivate", {}, "m.sourced_id", once=True,
         source="(SELECT * FROM accounts_user WHERE NOT is_active) m"),
    Kind("DELETE remark-phrases/{}", {}, "examinations_remarkphrase.sourced_id", once=True, gone=True),
    Kind("DELETE role-assignments/{}", {}, "access_roleassignment.sourced_id", once=True, gone=True),
)  # fmt: skip


def key_for(kind: Kind, mark: Mark) -> str:
    """Every other write, and every one that moves money, has a key."""
    return str(uuid4()) if kind.keyed or mark.number % 2 else ""
