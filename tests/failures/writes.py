"""Every kind of write, for the history of what was acknowledged: what is sent, what marks it, and where it is seen.

A mark is a text of its own, so that a write can be counted in the table it belongs to, by a login that has nothing to
do with the API. What cannot be sent by a table of marks says why.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from tests.smoke import asks  # noqa: F401 - each module declares its requests
from tests.smoke.asks.table import Ask, declared
from tests.smoke.rosters import form
from tests.smoke.web import Picture
from tests.smoke.world import World

# Of a kind whose request works once: so many are made ready.
READY = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """``name`` as in ``tests/smoke/asks``. ``fills``: path in the body → what stands there: ``{mark}``, a text, or
    ``{short}``, six letters; a whole number where it is ``#``. ``seen``: the column that then has the last of them.
    ``once``: each request is made ready by itself. ``keyed``: it is never sent without an Idempotency-Key.
    ``ready``: what makes the request, where it is not the one there.
    """

    name: str
    fills: dict[str, str]
    seen: str
    once: bool = False
    keyed: bool = False
    ready: Callable[[World], Ask] | None = None
    source: str = ""

    def made(self, world: World) -> Ask:
        return (self.ready or declared(self.name))(world)

    @property
    def path(self) -> str:
        return self.name.partition(" ")[2]

    @property
    def counted(self) -> str:
        """The query for (mark, how often it is there) of a list of marks."""
        table, _, column = self.seen.rpartition(".")
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
)  # fmt: skip

# What comes to the same however often it arrives has nothing that could be there twice.
REPLACES = re.compile(r"(PUT|PATCH|DELETE) ")
NOT_SENT = {
    "it moves what is there into a state, which is left once: the same again is refused, or comes to the same": (
        "POST announcements/{}/withdraw", "POST auth/logout", "POST auth/logout-everywhere",
        "POST bank-lines/{}/set-aside", "POST bank-lines/{}/settle", "POST bank-lines/{}/take",
        "POST bank-lines/{}/take-up-again", "POST bank-statements/{}/confirm", "POST books/{}/close",
        "POST classes/{}/roll/{}/{}/reopen", "POST classes/{}/students", "POST classes/{}/students/{}/leave",
        "POST concessions/{}/approve", "POST concessions/{}/end", "POST contact-requests/{}/accept",
        "POST contact-requests/{}/refuse", "POST exam-sessions/{}/state", "POST exams/{}/marks/reopen",
        "POST exams/{}/moderations/{}/apply", "POST exams/{}/moderations/{}/revert",
        "POST exams/{}/moderations/{}/withdraw", "POST gradebooks/{}/reopen", "POST grading-scales/{}/retire",
        "POST guardians/{}/merge", "POST imports/{}/confirm", "POST imports/{}/go-on", "POST imports/{}/undo",
        "POST inbox/{}/acknowledge", "POST inbox/{}/read", "POST invoice-runs/{}/confirm", "POST invoices/{}/void",
        "POST jobs/{}/run-now", "POST leaves/{}/approve", "POST leaves/{}/cancel", "POST leaves/{}/refuse",
        "POST mark-files/{}/confirm", "POST messages/{}/resolve", "POST outgoing/discard", "POST outgoing/hold",
        "POST outgoing/release", "POST payments/{}/bounce", "POST payments/{}/charge-back", "POST payments/{}/clear",
        "POST payments/{}/reverse", "POST rolls/{}/lock", "POST rolls/{}/reopen", "POST sections/{}/roll/{}/reopen",
        "POST sections/{}/roll/{}/{}/reopen", "POST students/{}/merge", "POST students/{}/move-section",
        "POST students/{}/re-enrol", "POST students/{}/withdraw", "POST users/{}/activate", "POST users/{}/deactivate",
        "POST users/{}/logout-everywhere", "POST years/{}/activate", "POST years/{}/close",
    ),
    "the database lets it stand once for what it is about, however often it arrives": (
        "POST assignments", "POST concessions/siblings", "POST desk", "POST drawers/{}/counts", "POST enrolments/bulk",
        "POST gradebooks", "POST late-fee-rules", "POST meetings", "POST periods", "POST role-assignments",
        "POST student-fees", "POST students/{}/guardians", "POST substitutions", "POST terms", "POST years",
        "POST invoice-runs", "POST exams/{}/moderations", "POST contact-requests",
    ),
    "money: what it may come to is bounded by a balance, which `make fees` counts to the cent": (
        "POST invoices/{}/credit-notes", "POST payment-intents", "POST students/{}/allocations",
        "POST card-gateway/events",
    ),
    "it makes something anew from what is there, and the newest counts": (
        "POST exam-sessions/{}/mark-file", "POST exam-sessions/{}/report-cards", "POST exam-sessions/{}/results",
        "POST grading-scales/{}/versions", "POST report-cards/{}/amend", "POST students/{}/calendar-feed",
        "POST auth/login", "POST auth/redeem", "POST auth/refresh", "POST me/password", "POST me/totp",
        "POST me/totp/confirm", "POST users/{}/invite",
    ),
    "it writes nothing, or asks for a letter that may come twice": (
        "POST announcements/preview", "POST announcements/{}/remind", "POST auth/forgotten",
        "POST message-templates/{}/{}/{}/preview", "POST printed-lists",
    ),
}  # fmt: skip


def key_for(kind: Kind, mark: Mark) -> str:
    """Every other write, and every one that moves money, has a key."""
    return str(uuid4()) if kind.keyed or mark.number % 2 else ""


def unsaid(names: set[str]) -> tuple[set[str], set[str]]:
    """Of routes that write: those that are neither sent nor say why not; and what is said of no route."""
    said = {kind.name for kind in KINDS} | {each for reason in NOT_SENT.values() for each in reason}
    return {each for each in names - said if not REPLACES.match(each)}, said - names
