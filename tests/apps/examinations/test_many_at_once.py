"""What people and jobs do to one session at the same time leaves it as if one had come after the other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.examinations import services
from apps.examinations.errors import MarksChangedMeanwhile
from apps.examinations.models import Exam, ExamSession, Mark, MarkChange, SessionResult
from apps.institutions.models import Section
from apps.students.models import Student
from apps.students.services import merge_students
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.models import School
from tests.apps.at_once import at_once
from tests.factories.exams import a_course, a_paper, an_exam_session, enter
from tests.factories.people import SCHOOL_MOMENT, a_school_year, a_user, some_students, students_in

MANY = 12


@pytest.fixture
def school(fresh_school: Callable[..., School]) -> School:
    """A school whose one paper was sat today and whose session is being marked; its results are to be computed."""
    made = fresh_school()
    with inside(made), clock.frozen(SCHOOL_MOMENT):
        campus = a_school_year()
        some_students(12, section=campus.section)
        alice = a_user("alice", role="administrator")
        session = an_exam_session(campus, by=alice)
        a_paper(session, campus.section, a_course(campus), by=alice)
        ExamSession.objects.update(state="marking", results_through=0)
    return made


def send(score: str, version: int = 0) -> Callable[[], Any]:
    """Enter ``score`` for the whole section."""

    def entered() -> int:
        paper = Exam.objects.get()
        everybody = dict.fromkeys(students_in(Section.objects.get()), score)
        return enter(paper, everybody, by=User.objects.get(), version=version).marks_version

    return entered


def compute() -> dict[str, int]:
    return services.compute_results(ExamSession.objects.values_list("pk", flat=True).get())


def test_of_many_who_read_the_same_marks_one_wins(school: School) -> None:
    answers = at_once(school, [send(str(each)) for each in range(MANY)], answer=MarksChangedMeanwhile)
    assert answers.count(1) == 1
    refused = [each for each in answers if isinstance(each, MarksChangedMeanwhile)]
    assert {len(each.members["changes"]) for each in refused} == {12}
    with inside(school):
        assert MarkChange.objects.count() == 12
        assert Mark.objects.values("score").distinct().count() == 1


def test_marks_that_come_while_results_are_computed_are_in_the_next_ones(school: School) -> None:
    for version, score in enumerate(("40", "50", "60")):
        assert version + 1 in at_once(school, [compute, send(score, version), compute], answer=MarksChangedMeanwhile)
        with inside(school):
            compute()
            assert set(SessionResult.objects.values_list("total", flat=True)) == {int(score)}
            assert SessionResult.objects.count() == 12


@pytest.mark.parametrize("work", ["results-again", "results-first", "marks"])
def test_who_merges_two_records_waits_for_results_and_marks_and_they_for_the_merge(school: School, work: str) -> None:
    with inside(school), clock.frozen(SCHOOL_MOMENT):
        send("40")()
        if work == "results-again":
            compute()
        keep, duplicate = students_in(Section.objects.get())[:2]
        ExamSession.objects.update(results_through=0)
    held = Event()

    def work_slowly() -> None:
        with transaction.atomic():
            (Exam if work == "marks" else ExamSession).objects.select_for_update(no_key=True).get()
            held.set()
            Event().wait(0.7)
            # What names a student is checked at the commit, which is when it would meet whoever merges.
            send("50", 1)() if work == "marks" else compute()

    def merge() -> None:
        assert held.wait(60)
        merge_students(
            keep=Student.objects.get(pk=keep.pk), duplicate=Student.objects.get(pk=duplicate.pk), by=User.objects.get()
        )

    at_once(school, [work_slowly, merge])
    with inside(school):
        compute()
        assert SessionResult.objects.count() == 11


def test_who_moderates_waits_for_results_and_they_for_the_moderation(school: School) -> None:
    with inside(school), clock.frozen(SCHOOL_MOMENT):
        send("40")()
        compute()
        by, paper = User.objects.get(), Exam.objects.get().sourced_id
        said = {"factor": Decimal(1), "shift": Decimal(5), "reason": "A hard paper"}
        proposed = services.propose_moderation(paper=paper, by=by, **said).sourced_id
        ExamSession.objects.update(results_through=0)
    held = Event()

    def compute_slowly() -> None:
        with transaction.atomic():
            ExamSession.objects.select_for_update(no_key=True).get()
            held.set()
            Event().wait(0.7)
            compute()

    def apply() -> None:
        assert held.wait(60)
        services.apply_moderation(paper=paper, moderation=proposed, by=User.objects.get())

    at_once(school, [compute_slowly, apply])
    with inside(school):
        compute()
        assert set(SessionResult.objects.values_list("total", flat=True)) == {45}
