"""What is asked most takes no more function calls than the table beside this says: exact, whatever the machine does.

``make calls`` writes the table anew; whoever does says in the commit why something costs more.
"""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import hashing
from apps.examinations.models import Exam
from apps.fees.models import InvoiceRun
from apps.staff.models import TeachingAssignment
from apps.students.models import Student
from schoolops.tenancy.models import School
from tests.factories import cards, exams, money, people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.rolls import some_periods
from tests.factories.talking import Browser, Talk

TABLE = Path(__file__).with_name("calls.json")
# What was asked before in the same process leaves more or less at hand: so much is nobody's doing.
LEEWAY, FEW = 1.03, 250
STALE = 0.9

Ask = Callable[[], Any]


def calls_of(ask: Ask, status: int = 200) -> int:
    """Function calls of ``ask``, Python's and those into C, once everything it keeps is there."""
    for _ in range(3):
        assert ask().status_code == status
    profile = cProfile.Profile()
    gc.disable()
    try:
        answer = profile.runcall(ask)
    finally:
        gc.enable()
    assert answer.status_code == status
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def _marking(bob: Talk, students: list[Student], address: str) -> Ask:
    ids = [str(each.sourced_id) for each in students]
    version = iter(range(100))

    def ask() -> Any:
        records = [{"student_id": each, "code": "P"} for each in ids]
        return bob("PUT", address, {"version": next(version), "records": records})

    return ask


def requests(
    browser: Callable[[User], Browser], head: Talk, bob: Talk, campus: Campus, class_roll: str, paper: Exam
) -> Iterator[tuple[str, Ask]]:
    """Name → how it is asked; of a roll of twelve, and a class's of the same students."""
    section, students = campus.section.sourced_id, people.students_in(campus.section)
    session = f"/office/exams/{paper.session.sourced_id}"
    fee_run = f"/office/fees/runs/{InvoiceRun.objects.get(state='draft').sourced_id}/"
    roll, student = f"sections/{section}/roll/{SCHOOL_DAY}", students[0].sourced_id
    yield "api: marking a roll again", _marking(bob, students, roll)
    yield "api: marking a class's roll again", _marking(bob, students, class_roll)
    for name, who, address in (
        ("api: a roll", bob, roll),
        ("api: a class's roll", bob, class_roll),
        ("api: students", head, "students?limit=50"),
        ("api: search", head, "students?q=ha"),
        ("api: absentees", head, "absentees"),
        ("api: the day", head, f"days/{SCHOOL_DAY}"),
        ("api: rolls not taken", head, "rolls/not-taken"),
        ("api: a student's attendance", head, f"students/{student}/attendance"),
        ("api: my classes", bob, "my/classes"),
        ("api: today", bob, "today"),
        ("api: me", bob, "me"),
        ("api: papers", head, "exams"),
        ("api: a paper's marks", head, f"exams/{paper.sourced_id}/marks"),
        ("api: a student's marks", head, f"students/{student}/marks"),
        ("api: bills", head, "invoices?limit=50"),
        ("api: an account", head, f"students/{student}/statement"),
        ("api: payments", head, "payments"),
        ("api: guardians", head, "guardians"),
        ("api: staff", head, "staff"),
        ("api: sections", head, "sections"),
        ("api: results", head, f"exam-sessions/{paper.session.sourced_id}/results"),
    ):
        yield name, lambda who=who, address=address: who.get(address)
    yield "api: login", lambda: head.log_in("alice")
    names = ("alice", "bob", "dave", "anton", "carol")
    office, teacher, desk, fees, family = (browser(User.objects.get(username=name)) for name in names)
    for name, there, path in (
        ("page: start", office, "/office/"),
        ("page: the roll as a grid", office, f"/office/rolls/section/{section}/{SCHOOL_DAY}/"),
        ("page: the week", office, f"/office/rolls/section/{section}/week/{SCHOOL_DAY}/"),
        ("page: students", office, "/office/students/student/"),
        ("page: a student", office, f"/office/student/{student}/"),
        ("page: rolls", office, "/office/rolls/"),
        ("page: a timetable of exams", office, f"{session}/"),
        ("page: results", office, f"{session}/results/"),
        ("page: report cards", office, f"{session}/cards/"),
        ("page: marks by spreadsheet", office, f"{session}/marks/"),
        ("page: remarks by a class teacher", office, f"{session}/remarks/{section}/"),
        ("page: the grid of marks", office, f"/office/exams/papers/{paper.sourced_id}/marks/"),
        ("page: a moderation", office, f"/office/exams/papers/{paper.sourced_id}/moderation/"),
        ("page: still to mark", teacher, "/office/exams/to-mark/"),
        ("page: the late desk", desk, "/office/desk/?q=ha"),
        ("page: a billing run", fees, fee_run),
        ("page: bills", fees, "/office/fees/invoice/"),
        ("page: a student's account", fees, f"/office/fees/students/{student}/"),
        ("page: the payment desk", fees, f"/office/fees/take/{student}/"),
        ("page: debtors", fees, "/office/fees/debtors/"),
        ("page: a teacher's classes", teacher, "/roll/"),
        ("page: a teacher's roll", teacher, f"/roll/section/{section}/{SCHOOL_DAY}/"),
        ("page: a family's children", family, "/family/"),
        ("page: a child's attendance", family, f"/family/children/{student}/attendance/"),
        ("page: a child's marks", family, f"/family/children/{student}/marks/"),
        ("page: a child's bills", family, f"/family/children/{student}/bills/"),
    ):
        yield name, lambda there=there, path=path: there.get(path)


@pytest.fixture
def known() -> dict[str, int]:
    found: dict[str, int] = json.loads(TABLE.read_text())
    return found


def test_no_request_costs_more_calls_than_the_table_says(
    request: pytest.FixtureRequest,
    office: Callable[[User], Browser],
    in_oak: School,
    client_for: Callable[[School], Client],
    campus: Campus,
    alice: User,
    bob: User,
    known: dict[str, int],
) -> None:
    people.a_user("dave", role="registrar")
    students = people.students_in(campus.section)
    mathematics = people.a_class(campus, students=students)
    TeachingAssignment.objects.create(staff=bob.staff_member, course_class=mathematics, starts_on=campus.year.starts_on)
    period = some_periods(campus)[0]
    head, teacher = Talk(client_for(in_oak), alice), Talk(client_for(in_oak), bob)
    class_roll = f"classes/{mathematics.sourced_id}/roll/{SCHOOL_DAY}/{period.sourced_id}"
    paper = exams.a_paper(
        exams.an_exam_session(campus, by=alice), campus.section, exams.a_course(campus, "Art"), by=alice
    )
    exams.ExamSession.objects.update(state="marking")
    exams.enter(paper, {student: str(number) for number, student in enumerate(students)}, by=alice)
    cards.computed(paper.session, by=alice)
    cards.read_cards(paper.session, campus.section, by=alice)
    people.a_guardian("carol", of=students[:2])
    anton = people.a_user("anton", role="accountant")
    money.a_chart(campus.institution)
    money.an_item(campus, by=anton)
    money.billed(campus, by=anton)
    money.begun(campus, by=anton)
    counted = {name: calls_of(ask) for name, ask in requests(office, head, teacher, campus, class_roll, paper)}
    with hashing.slots().admitted(), hashing.slots().admitted():
        counted["api: a login that is told to come again"] = calls_of(lambda: head.log_in("alice"), 503)
    if request.config.getoption("--renew-calls", default=False):
        TABLE.write_text(json.dumps(counted, indent=2) + "\n")
        known = counted
    assert counted.keys() == known.keys()
    assert {name: number for name, number in counted.items() if number > known[name] * LEEWAY + FEW} == {}
    # What became cheaper stays so: make calls.
    assert {name: number for name, number in counted.items() if number < known[name] * STALE - FEW} == {}
