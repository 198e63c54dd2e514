"""Who may do what: every endpoint × every role, as ``who_may.py`` says it, against live data of two schools."""

# ruff: noqa: ARG005 - every body is made by a function of the ground and the one who asks
from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Q
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django_otp.plugins.otp_totp.models import TOTPDevice

from apps.access import selectors
from apps.access.services import gate
from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.examinations import services as examinations
from apps.notifications import services as notifications
from apps.students.api.views.enrolments import EnrolmentViewSet
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.compiled import forget_compiled
from schoolops.tenancy.models import School
from tests.api.described import differences
from tests.api.ground import (
    LATER,
    LONG_AGO,
    NEW_PASSWORD,
    SHEET,
    TODAY,
    TOMORROW,
    Ground,
    code_of_app,
    lay_out,
    picture,
)  # fmt: skip
from tests.api.who_may import COLUMNS, EXPECTED, SEEN
from tests.factories import exams
from tests.factories.people import PASSWORD, SCHOOL_MOMENT, students_in


class Row:
    """One line: method, address with braces, and the status for each column."""

    def __init__(self, line: str) -> None:
        method, address, statuses = re.fullmatch(r"(\w+) +(\S+(?: \(\w+\))?) +([\d ]+)", line).groups()  # type: ignore[union-attr]
        self.name = f"{method} {address}"
        self.method, self.address = method, address.partition(" ")[0]
        self.expected = dict(zip(COLUMNS, (int(each) for each in statuses.split()), strict=True))


def _lines(table: str) -> list[str]:
    return [line for line in table.splitlines() if line and not line.startswith("#")]


ROWS = [Row(line) for line in _lines(EXPECTED)]
# Whose answers are compared with the description. The description itself is none of its operations.
DESCRIBED, ITSELF = "ATG-", {"schema", "docs"}


# --- what is said -----------------------------------------------------------------------------------------------------
def _marks(section: str, code: str = "P") -> Callable[[Ground, User], Any]:
    def said(g: Ground, _: User) -> Any:
        there = students_in(g.rows[section])[:12]
        return {"records": [{"student_id": str(each.sourced_id), "code": code} for each in there]}

    return said


def _again(g: Ground, user: User) -> Any:
    return {**_marks("section")(g, user), "version": g.rows["roll"].version}


def _new_password(g: Ground, user: User) -> Any:
    return {"token": accounts.hand_out_link(user=user, by=user).token, "password": NEW_PASSWORD}


def _confirming(g: Ground, user: User) -> Any:
    return {"code": code_of_app(accounts.begin_second_factor(by=user).secret)}


def _giving_up(g: Ground, user: User) -> Any:
    said = _confirming(g, user)
    TOTPDevice.objects.update(confirmed=True)
    return {"password": PASSWORD, **said}


def _second_factor_of_newcomer(g: Ground, _: User) -> Any:
    accounts.begin_second_factor(by=g.rows["newcomer"])
    TOTPDevice.objects.update(confirmed=True)


def _placement(g: Ground) -> dict[str, Any]:
    return {"year_id": g.id("year"), "grade_level_id": g.id("level"), "entered_on": str(TODAY)}


def _leave(who: str) -> Callable[[Ground, User], Any]:
    days = {"starts_on": "2027-01-12", "ends_on": "2027-01-13", "reason": "Travel"}
    return lambda g, _: {"student_id": g.id(who), **days}


def _now(user: User) -> User:
    """Them as they are now: a login is opened for nobody who has changed since they were read."""
    return User.objects.get(pk=user.pk)


def _halves() -> dict[str, Any]:
    bands = [{"code": "A", "lower": "50"}, {"code": "B", "lower": "0", "passing": False}]
    return {"kind": "letter", "bands": bands}


def _paper(g: Ground) -> dict[str, Any]:
    return {
        "section_id": g.id("section"), "course_id": g.id("course"), "scale_id": g.id("scale"), "title": "Paper 2",
        "day": str(LATER), "starts_at": "09:00", "ends_at": "10:00", "max_marks": "50",
        "invigilator_ids": [g.id("member")],
    }  # fmt: skip


def _remark(g: Ground) -> dict[str, Any]:
    return {"records": [{"student_id": g.id("child"), "text": "Works with care."}]}


WORDED = {"subject": "Where is {children}?", "text": "Dear {name}, {children} is not at {school}."}


def _held(g: Ground) -> None:
    """Everything outgoing, by the administrator."""
    notifications.hold(**REASON, by=g.people["A"])


def _announcement(g: Ground) -> dict[str, Any]:
    return {"title": "Trip", "text": "On Friday.", "kind": "section", "targets": [g.id("section")]}


REASON = {"reason": "As agreed"}
# What each write says, so that whoever may, succeeds. What is not here says nothing.
BODIES: dict[str, Callable[[Ground, User], Any]] = {
    "POST auth/login": lambda g, u: {"login": u.username, "password": PASSWORD},
    "POST auth/refresh": lambda g, u: {"refresh_token": accounts.open_login(_now(u), label="x").refresh_token},
    "POST auth/forgotten": lambda g, u: {"login": u.username},
    "POST auth/redeem": _new_password,
    "POST me/password": lambda g, u: {"password": PASSWORD, "new_password": NEW_PASSWORD},
    "POST me/totp/confirm": _confirming,
    "DELETE me/totp": _giving_up,
    "POST institutions": lambda g, u: {
        "name": "Oak Hill", "code": "HILL", "timezone": "Europe/London", "currency": "GBP",
    },
    "PATCH institutions/{campus}": lambda g, u: {"phone": "1"},
    "PUT institutions/{campus}/logo": lambda g, u: picture(),
    "POST years": lambda g, u: {
        "institution_id": g.id("campus"), "name": "2028/29", "starts_on": "2028-09-01", "ends_on": "2029-07-01",
    },
    "PATCH years/{year}": lambda g, u: {"name": "This year"},
    "POST terms": lambda g, u: {
        "year_id": g.id("planned_year"), "name": "First", "starts_on": "2027-09-01", "ends_on": "2027-12-20",
    },
    "PATCH terms/{term}": lambda g, u: {"name": "Michaelmas"},
    "PUT calendar-days": lambda g, u: {
        "institution_id": g.id("campus"), "starts_on": "2026-12-24", "ends_on": "2026-12-26", "kind": "holiday",
    },
    "POST grade-levels": lambda g, u: {"name": "Grade 11", "code": "11", "position": 11},
    "PATCH grade-levels/{level}": lambda g, u: {"name": "Year 7"},
    "POST sections": lambda g, u: {"year_id": g.id("year"), "grade_level_id": g.id("level"), "name": "E"},
    "PATCH sections/{section}": lambda g, u: {"room": "12"},
    "POST courses": lambda g, u: {"institution_id": g.id("campus"), "code": "ART", "title": "Art"},
    "PATCH courses/{course}": lambda g, u: {"title": "Maths"},
    "POST classes": lambda g, u: {
        "course_id": g.id("course"), "year_id": g.id("year"), "code": "M-2", "title": "Maths 2",
    },
    "PATCH classes/{class}": lambda g, u: {"room": "12"},
    "POST periods": lambda g, u: {
        "institution_id": g.id("campus"), "name": "Last", "position": 9, "starts_at": "15:00", "ends_at": "15:45",
    },
    "PATCH periods/{period}": lambda g, u: {"name": "First"},
    "POST meetings": lambda g, u: {
        "class_id": g.id("class"), "period_id": g.id("spare_period"), "weekday": 1, "starts_on": str(LATER),
    },
    "PATCH meetings/{meeting}": lambda g, u: {"room": "12"},
    "POST students": lambda g, u: {
        "institution_id": g.id("campus"), "admission_number": "N1", "given_name": "Nia", "enrolment": _placement(g),
    },
    "PATCH students/{child}": lambda g, u: {"preferred_name": "Mina", "version": 1},
    "PATCH students/{classmate}": lambda g, u: {"preferred_name": "Billy", "version": 1},
    "POST students/{child}/withdraw": lambda g, u: {"exited_on": str(TODAY), **REASON},
    "POST students/{leaver}/re-enrol": lambda g, u: {**_placement(g), **REASON},
    "POST students/{child}/move-section": lambda g, u: {
        "section_id": g.id("other_section"), "starts_on": str(TOMORROW), **REASON,
    },
    "POST students/{child}/merge": lambda g, u: {"duplicate_id": g.id("duplicate"), **REASON},
    "PUT students/{child}/photo": lambda g, u: picture(),
    "POST enrolments/bulk": lambda g, u: {
        "year_id": g.id("year"), "entered_on": str(TODAY), **REASON,
        "records": [{"student_id": g.id("duplicate"), "grade_level_id": g.id("level")}],
    },
    "POST students/{child}/guardians": lambda g, u: {"guardian_id": g.id("unlinked")},
    "PATCH students/{child}/guardians/{link}": lambda g, u: {"relation": "mother"},
    "POST guardians": lambda g, u: {"given_name": "Greta"},
    "PATCH guardians/{father}": lambda g, u: {"phone": "1", "version": 1},
    "POST guardians/{father}/merge": lambda g, u: {"duplicate_id": g.id("unlinked"), **REASON},
    "POST classes/{class}/students": lambda g, u: {"student_ids": [g.id("sibling")], "starts_on": str(TOMORROW)},
    "POST classes/{class}/students/{child}/leave": lambda g, u: {"ends_on": str(TOMORROW)},
    "POST staff": lambda g, u: {"institution_id": g.id("campus"), "staff_number": "N1", "given_name": "Nora"},
    "PATCH staff/{member}": lambda g, u: {"phone": "1", "version": 1},
    "POST assignments": lambda g, u: {
        "staff_id": g.id("substitute"), "section_id": g.id("section"), "starts_on": str(LATER),
    },
    "PATCH assignments/{assignment}": lambda g, u: {"ends_on": "2027-06-01"},
    "POST substitutions": lambda g, u: {
        "staff_id": g.id("substitute"), "section_id": g.id("other_section"), "day": str(TOMORROW),
    },
    "PUT sections/{section}/roll/{day}": _again,
    "PUT sections/{section}/roll/{yesterday}": _marks("section"),
    "PUT sections/{section}/roll/{day}/{period}": _marks("section"),
    "PUT classes/{class}/roll/{day}/{period}": _marks("section"),
    "POST sections/{section}/roll/{long_ago}/reopen": lambda g, u: REASON,
    "POST sections/{section}/roll/{long_ago}/{period}/reopen": lambda g, u: REASON,
    "POST classes/{class}/roll/{long_ago}/{period}/reopen": lambda g, u: REASON,
    "POST rolls/{roll}/lock": lambda g, u: REASON,
    "POST rolls/{locked_roll}/reopen": lambda g, u: REASON,
    "POST desk": lambda g, u: {"student_id": g.id("child"), "day": str(TODAY), "arrived_at": "09:10"},
    "POST leaves": _leave("child"),
    "POST leaves (classmate)": _leave("classmate"),
    "POST attendance-codes": lambda g, u: {"code": "Z", "name": "Trip", "direction": "out", "state": "present"},
    "PATCH attendance-codes/{code}": lambda g, u: {"name": "Here", "version": 1},
    "PATCH attendance-policy/{campus}": lambda g, u: {"edit_window_days": 9, "version": 0},
    "POST grading-scales": lambda g, u: {"name": "Halves", **_halves()},
    "POST grading-scales/{scale}/versions": lambda g, u: _halves(),
    "POST exam-sessions": lambda g, u: {"term_id": g.id("term"), "name": "Finals", "kind": "final"},
    "PATCH exam-sessions/{exam_session}": lambda g, u: {"weight": "2", "version": g.rows["exam_session"].version},
    "POST exam-sessions/{exam_session}/state": lambda g, u: {
        "state": "held", "version": g.rows["exam_session"].version,
    },
    "PUT exam-sessions/{exam_session}/publication": lambda g, u: {
        "timetable_published_at": "2026-11-05T08:00:00Z", "results_published_at": None,
        "version": g.rows["exam_session"].version,
    },
    "POST exam-sessions/{marked_session}/report-cards": lambda g, u: {"section_id": g.id("section")},
    "PUT exam-sessions/{published_session}/report-cards/publication": lambda g, u: {
        "section_id": g.id("section"), "published_at": "2026-11-05T08:00:00Z",
    },
    "POST report-cards/{card}/amend": lambda g, u: REASON,
    "POST exams": lambda g, u: {"session_id": g.id("exam_session"), "papers": [_paper(g)]},
    "PATCH exams/{exam}": lambda g, u: {"room": "12", "invigilator_ids": [g.id("member")], "version": 1},
    "POST gradebooks": lambda g, u: {"term_id": g.id("term"), "class_id": g.id("class")},
    "PUT gradebooks/{gradebook}": lambda g, u: {"categories": [{"name": "Homework"}], "version": 2, "assessments": [
        {"id": str(g.rows["gradebook"].assessments.get().sourced_id), "name": "Essay", "category": "Homework",
         "max_marks": "10"},
    ]},
    "PUT gradebooks/{gradebook}/marks": lambda g, u: {"marks_version": 1, "records": [
        {"student_id": g.id("child"), "score": "9",
         "assessment_id": str(g.rows["gradebook"].assessments.get().sourced_id)},
    ]},
    "PUT gradebooks/{gradebook}/publication": lambda g, u: {"published_at": None, "version": 2},
    "POST gradebooks/{published_gradebook}/reopen": lambda g, u: REASON,
    "PUT exams/{exam}/components": lambda g, u: {
        "components": [{"name": "Theory", "max_marks": "40"}, {"name": "Oral", "max_marks": "10"}], "version": 1,
    },
    "PUT exams/{marked_exam}/marks": lambda g, u: {
        "version": 1, "records": exams.written(g.rows["marked_exam"], {g.rows["child"]: "62"}, text=True),
    },
    "PATCH result-policy": lambda g, u: {"ranks": "dense", "version": 0},
    "POST exams/{published_exam}/marks/reopen": lambda g, u: REASON,
    "POST books/{campus}/close": lambda g, u: {"closed_through": str(LONG_AGO)},
    "POST accounts": lambda g, u: {
        "institution_id": g.id("campus"), "code": "5000", "name": "Bank charges", "kind": "expense",
    },
    "PATCH accounts/{account}": lambda g, u: {"name": "Cash box"},
    "POST ledger-postings": lambda g, u: {
        "institution_id": g.id("campus"), "day": str(TODAY), "memo": "To the bank", "legs": [
            {"account_id": g.id("bank_account"), "side": "debit", "amount": "20"},
            {"account_id": g.id("account"), "side": "credit", "amount": "20"},
        ],
    },
    "POST fee-items": lambda g, u: {"year_id": g.id("year"), "name": "Lunch", "amount": "200"},
    "PATCH fee-items/{fee_item}": lambda g, u: {"amount": "1300"},
    "POST late-fee-rules": lambda g, u: {
        "institution_id": g.id("other_campus"), "percent": "2", "days": 7, "cap": "20",
    },
    "PATCH late-fee-rules/{late_fee_rule}": lambda g, u: {"days": 14},
    "POST student-fees": lambda g, u: {
        "student_id": g.id("classmate"), "item_id": g.id("optional_item"), "kind": "added", "starts_on": str(TODAY),
    },
    "POST concessions/siblings": lambda g, u: {"year_id": g.id("year"), "percents": ["10"]},
    "POST concessions": lambda g, u: {
        "student_id": g.id("child"), "year_id": g.id("year"), "ground": "sibling", "percent": "10", **REASON,
    },
    "PUT students/{child}/payers": lambda g, u: {
        "payers": [{"guardian_id": str(g.rows["link"].guardian.sourced_id), "percent": "100"}],
    },
    "POST invoice-runs": lambda g, u: {"term_id": g.id("term"), "due_on": [str(LATER)]},
    "POST invoice-runs/{invoice_run}/confirm": lambda g, u: {"total": g.rows["run_total"]},
    "POST invoices/{invoice}/void": lambda g, u: REASON,
    "POST invoices/{invoice}/credit-notes": lambda g, u: {"amount": "10.50", **REASON},
    "POST payments": lambda g, u: {
        "student_id": g.id("child"), "amount": "20", "currency": "GBP", "method": "cash",
    },
    "POST drawers/{campus}/counts": lambda g, u: {"counted": "20", "left": "5", **REASON},
    "POST payments/{payment}/refund": lambda g, u: {"amount": "1", **REASON},
    "POST payments/{payment}/reverse": lambda g, u: REASON,
    "POST payments/{cheque}/bounce": lambda g, u: REASON,
    "POST payments/{card_payment}/charge-back": lambda g, u: REASON,
    "POST payment-intents": lambda g, u: {"student_id": g.id("child"), "amount": "20", "return_url": "/family/"},
    "PUT card-gateway": lambda g, u: {"gateway": "sandbox", "secret": "sk_sandbox_oak"},
    "POST exams/{marked_exam}/moderations": lambda g, u: {"shift": "2", **REASON},
    "PUT exams/{marked_exam}/remarks": lambda g, u: _remark(g),
    "PUT exam-sessions/{marked_session}/sections/{section}/remarks": lambda g, u: _remark(g),
    "POST remark-phrases": lambda g, u: {"text": "{name} reads a lot."},
    "POST bank-statements": lambda g, u: {
        "file": SimpleUploadedFile("bank.csv", b"Date,Amount\n2026-11-02,1\n"),
        "institution_id": g.at["campus"],
    },
    "PUT bank-statements/{bank_statement}/mapping": lambda g, u: {"mapping": {"Details": "text"}},
    "POST bank-statements/{bank_statement}/confirm": lambda g, u: {"total": "1"},
    "POST bank-lines/{bank_line}/take": lambda g, u: {},
    "POST bank-lines/{entered_line}/settle": lambda g, u: {"payment_id": g.at["entered_payment"]},
    "POST bank-lines/{bank_line}/set-aside": lambda g, u: REASON,
    "POST exam-sessions/{marked_session}/mark-file": lambda g, u: {
        "file": SimpleUploadedFile("marks.xlsx", b"PK\x03\x04 as it begins"),
    },
    "POST imports": lambda g, u: {"file": SimpleUploadedFile("students.csv", SHEET)},
    "PUT imports/{import}/mapping": lambda g, u: {"mapping": {"Nick": "preferred_name"}},
    "POST imports/{import}/confirm": lambda g, u: {"reading": 1, "skip_errors": True},
    "POST printed-lists": lambda g, u: {"kind": "class"},
    "POST roles": lambda g, u: {"name": "Nurse", "permissions": ["students.view"]},
    "PATCH roles/{role}": lambda g, u: {"name": "Library", "version": 1},
    "PUT roles/{role}/permissions": lambda g, u: {"permissions": ["students.view"], "version": 1},
    "POST role-assignments": lambda g, u: {"user_id": g.id("newcomer"), "role": "teacher"},
    "POST users": lambda g, u: {"username": "nia", "roles": [{"role": "guardian"}]},
    "PATCH users/{newcomer}": lambda g, u: {"given_name": "Ned"},
    "PATCH users/{administrator}": lambda g, u: {"given_name": "Eric"},
    "DELETE users/{newcomer}/totp": _second_factor_of_newcomer,
    "POST contact-requests": lambda g, u: {"phone": "+44 20 7946 0001", "email": "carol@home.example"},
    "PUT leaves/{leave}/attachment": lambda g, u: b"%PDF-1.7",
    "PUT leaves/{other_leave}/attachment": lambda g, u: picture(),
    "PUT message-preferences": lambda g, u: {"channel": "email", "wanted": False},
    "POST announcements": lambda g, u: _announcement(g),
    "POST announcements/preview": lambda g, u: _announcement(g),
    "PUT announcements/{scheduled}/attachment?name=menu.pdf": lambda g, u: b"%PDF-1.7 menu",
    "POST messages/{doubted}/resolve": lambda g, u: {"sent": True},
    "PATCH outgoing": lambda g, u: {"quiet_from": "21:00", "texts_a_day": 100},
    "POST outgoing/hold": lambda g, u: REASON,
    "POST outgoing/release": lambda g, u: _held(g),
    "POST outgoing/discard": lambda g, u: _held(g),
    "PUT message-rules": lambda g, u: {
        "fact": "attendance.late", "channel": "sms", "grade_level_id": g.id("level"), "sends": True,
    },
    "PUT message-templates/attendance.absent/email/en-gb": lambda g, u: WORDED,
    "POST message-templates/attendance.absent/email/en-gb/preview": lambda g, u: {
        **WORDED, "student_id": g.id("child"),
    },
    "PUT account-policy": lambda g, u: {"staff_need_totp": False, "version": 1},
}  # fmt: skip


# --- the ground -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def ground(
    _schools: dict[str, School], django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """Laid out once, in one transaction that is undone afterwards."""
    folder: Path = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=folder), transaction.atomic():
        made = lay_out(_schools["oak"], _schools["elm"])
        made.at["tomorrow"] = TOMORROW
        yield made
        transaction.set_rollback(True)


def _answered(ground: Ground, row: Row, letter: str) -> tuple[int, str, list[str]]:
    """The status, the text and what is not described of the answer; whatever was written is undone."""
    with inside(ground.oak), transaction.atomic():
        body = BODIES.get(row.name, lambda g, u: None)(ground, ground.people.get(letter, ground.people["T"]))
        answer = ground.ask(letter, row.method, row.address.format(**ground.at), body)
        # Read to the end, so that a file of ours is closed.
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    is_described = letter in DESCRIBED and row.address not in ITSELF
    wrong = list(differences(row.method, row.address.format(**ground.at), answer, text)) if is_described else []
    return answer.status_code, text[:400].decode(errors="replace"), wrong


# What is asked of the gate, whoever asks: its functions, and what each call is about.
GATE: dict[Any, Callable[[dict[str, Any]], tuple[str, str]]] = {
    gate.require: lambda said: (said["permission"], ""),
    gate.require_at: lambda said: (said["permission"], "campus"),
    gate.require_everywhere: lambda said: (said["permission"], "school"),
    selectors.institutions_of: lambda said: (said["permission"], "campus"),
    selectors.reaches_everything: lambda said: (said["permission"], "school"),
    selectors.rows_in_reach: lambda said: (said["permission"], said["kind"]),
    selectors.asked_reach: lambda said: (said["permission"], said["kind"]),
    selectors.keys_in_reach: lambda said: (said["permission"], said["kind"]),
    selectors.logins_in_reach: lambda said: (said["permission"], "login"),
}


@contextmanager
def _asked_of_the_gate() -> Iterator[set[tuple[str, str]]]:
    """By what is called, under whatever name it was imported: a profile function would see everything else too."""
    asked: set[tuple[str, str]] = set()
    with ExitStack() as stack:
        for function, tell in GATE.items():
            stack.enter_context(_noted(function, lambda said, tell=tell: asked.add(tell(said))))  # type: ignore[misc]
        yield asked


def _stub(*said: Any, instead: Any = None, **more: Any) -> Any:
    return instead(*said, **more)


@contextmanager
def _noted(function: Any, note: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Let ``note`` have what each call of ``function`` says, for as long as this lasts."""
    assert function.__closure__ is None
    parts = ("__code__", "__defaults__", "__kwdefaults__")
    own = {part: getattr(function, part) for part in parts}
    honest = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    honest.__kwdefaults__ = function.__kwdefaults__
    signature = inspect.signature(honest)

    def instead(*said: Any, **more: Any) -> Any:
        bound = signature.bind(*said, **more)
        bound.apply_defaults()
        note(bound.arguments)
        return honest(*said, **more)

    function.__code__, function.__defaults__, function.__kwdefaults__ = _stub.__code__, None, {"instead": instead}
    try:
        yield
    finally:
        for part, was in own.items():
            setattr(function, part, was)


def _not_asked(ground: Ground, row: Row, asked: set[tuple[str, str]]) -> str:
    """What the view of this line says that it asks for and did not."""
    view = resolve(f"/api/v1/{row.address.format(**ground.at)}".partition("?")[0]).func
    actions = getattr(view, "actions", None) or {}
    held = getattr(getattr(view, "cls", None), "asks", {}).get(actions.get(row.method.lower(), ""), "")
    if not held:
        return ""
    code, _, over = held.partition(" over ")
    # Colleagues, and what is one's own or no secret, are found without a question of the gate's. A roll is of a section
    # or of a class.
    kinds = {"staff": {""}, "own": {""}, "everybody": {""}, "section": {"section", "class"}}.get(over, {over})
    return "" if {(code, kind) for kind in kinds} & asked else f"{row.name} says {held} and asks {sorted(asked)}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_who_may_do_it(ground: Ground, row: Row) -> None:
    """And each answer is one that is described; and what the view says that it asks of the gate, it asks."""
    with _asked_of_the_gate() as asked:
        answers = {"A": _answered(ground, row, "A")}
    answers |= {letter: _answered(ground, row, letter) for letter in COLUMNS if letter != "A"}
    wrong = {letter: answer for letter, answer in answers.items() if answer[0] != row.expected[letter]}
    assert not wrong, f"{row.name} is not as the table says: {wrong}"
    assert [wrong for _, _, wrong in answers.values() if wrong] == [], f"{row.name} is not as described"
    assert row.name.endswith(")") or _not_asked(ground, row, asked) == ""


def test_one_that_asks_for_something_else_is_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    row = next(each for each in ROWS if each.name == "GET students/{child}/enrolments/{enrolment}")
    with _asked_of_the_gate() as asked:
        _answered(ground, row, "A")
    assert not _not_asked(ground, row, asked)
    for planted in ("students.manage over student", "students.view over school"):
        monkeypatch.setattr(EnrolmentViewSet, "asks", {"retrieve": planted})
        assert planted in _not_asked(ground, row, asked)


def _counted(ground: Ground, letter: str, address: str) -> str:
    """How many rows all pages of a list have together."""
    seen, following = 0, ""
    while True:
        with inside(ground.oak), transaction.atomic():
            answer = ground.ask(letter, "GET", address + following)
        if answer.status_code != 200:
            return "·"
        page = answer.json()
        seen += len(page["results"])
        if page["next"] is None:
            return str(seen)
        following = f"{'&' if '?' in address else '?'}cursor={page['next']}"


@pytest.mark.parametrize("line", _lines(SEEN), ids=lambda line: line.split()[0])
def test_how_many_they_see(ground: Ground, line: str) -> None:
    address, *expected = line.split()
    seen = [_counted(ground, letter, address.format(**ground.at)) for letter in COLUMNS[:10]]
    assert dict(zip(COLUMNS, seen, strict=False)) == dict(zip(COLUMNS, expected, strict=False))


# --- what is not published --------------------------------------------------------------------------------------------
def _read_by_families(ground: Ground, only: str = "") -> dict[tuple[str, str], bytes]:
    """Every answer of 200 to the guardian and to the pupil: (letter, address) → body; of lists also as a file."""
    reads = [row.address for row in ROWS if row.method == "GET" and row.address not in ITSELF]
    found = {}
    for letter, address in itertools.product("GU", [only] if only else reads):
        asked = address.format(**ground.at)
        for each in (asked, f"{asked}{'&' if '?' in asked else '?'}as=csv"):
            answer = ground.ask(letter, "GET", each)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if answer.status_code == 200:
                found[letter, each] = body
    return found


def test_a_mark_that_is_not_published_changes_nothing_that_a_family_reads(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, said = ground.rows, {ground.rows["child"]: "79", ground.rows["sibling"]: "3"}
    with inside(ground.oak), transaction.atomic(), clock.frozen(SCHOOL_MOMENT):
        before = _read_by_families(ground)
        exams.enter(rows["marked_exam"], said, by=ground.people["A"], version=1)
        examinations.compute_results(rows["marked_session"].pk)
        assert _read_by_families(ground) == before
        with monkeypatch.context() as patch:
            patch.setattr("apps.examinations.selectors.sheet.published", lambda *_: Q())
            forget_compiled()
            again = _read_by_families(ground, "students/{child}/marks")
            changed = {address for address, body in again.items() if body != before.get(address)}
        forget_compiled()
        transaction.set_rollback(True)
    assert {(letter, f"students/{ground.id('child')}/marks") for letter in "GU"} <= changed
    assert len(before) > 60


# --- nothing is left out ----------------------------------------------------------------------------------------------
def _walk(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            yield before + str(each.pattern), each.callback
        else:
            yield from _walk(each, before + str(each.pattern))


def _methods(view: Any) -> set[str]:
    if actions := getattr(view, "actions", None):
        return {method.upper() for method in actions}
    if (made_of := getattr(view, "cls", None)) is not None:
        return {name.upper() for name in made_of.http_method_names if name != "options" and hasattr(made_of, name)}
    # A plain function of the documentation.
    return {"GET"}


def _served(prefix: str) -> dict[tuple[str, str], Any]:
    """(method, route below ``prefix``) → view."""
    return {
        (method, route.removeprefix(prefix)): view
        for route, view in _walk(get_resolver("config.urls"))
        if route.startswith(prefix)
        for method in _methods(view) - {"HEAD"}
    }


def test_every_route_stands_in_the_table(ground: Ground) -> None:
    alias = "api/v1/tenant/"
    served = {key for key in _served("api/v1/") if not key[1].startswith("tenant/")}
    in_table = {
        (row.method, resolve(f"/api/v1/{row.address.format(**ground.at)}".partition("?")[0]).route) for row in ROWS
    }
    missing = sorted(f"{method} {route}" for method, route in served if (method, f"api/v1/{route}") not in in_table)
    assert not missing, f"Say who may do it: {missing}"
    # The path the reference system used leads to the same views.
    assert {key: view for key, view in _served("api/v1/").items() if key in served} == _served(alias)
    unused = sorted(set(BODIES) - {row.name for row in ROWS})
    assert not unused, f"Bodies of no row: {unused}"
