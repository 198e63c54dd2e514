"""What is still to be marked is counted for whoever marks it, and they are reminded once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.mail import EmailMessage

from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.models import Exam, ExamSession
from apps.examinations.tasks import remind_of_marks
from apps.institutions.models import Course, Term
from apps.students.models import Student
from tests.apps.asking import asking
from tests.factories.exams import a_paper, enter
from tests.factories.jobs import waiting_jobs
from tests.factories.people import SCHOOL_DAY, Campus, students_in
from tests.support.kept import kept

ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
@kept
def paper(campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User) -> Exam:
    """7 B's, sat yesterday, which Bob marks; of 7 C there is another, which he does not."""
    User.objects.filter(pk=bob.pk).update(email="bob@oak.example")
    made = a_paper(mid_terms, campus.section, maths, by=alice, day=SCHOOL_DAY - ONE_DAY)
    a_paper(mid_terms, campus.sections["7 C"], maths, by=alice, day=SCHOOL_DAY - ONE_DAY)
    a_paper(mid_terms, campus.section, maths, by=alice, day=SCHOOL_DAY + ONE_DAY, title="Paper 2")
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    return made


def all_but(paper: Exam, *left: Student) -> dict[Student, str]:
    return {each: "7" for each in students_in(paper.section) if each not in left}


def letters() -> list[EmailMessage]:
    """What the jobs that wait would send."""
    found = (services.marks_letter(**job) for job in waiting_jobs("mail_marking_reminder"))
    return [letter for letter in found if letter is not None]


def closing(paper: Exam, day: dt.date | None) -> None:
    Term.objects.filter(pk=paper.session.term_id).update(posting_closes_on=day)


def to_mark(by: User) -> list[tuple[str, int, int]]:
    rows = asking(by).get("exams/to-mark").json()["results"]
    return [(row["group"], row["missing"], row["students"]) for row in rows]


def test_each_sees_what_is_theirs_to_mark(paper: Exam, campus: Campus, alice: User, bob: User) -> None:
    there, others = len(students_in(campus.section)), len(students_in(campus.sections["7 C"]))
    name = str(campus.section)
    assert to_mark(bob) == [(name, there, there)]
    assert to_mark(alice) == [(name, there, there), (str(campus.sections["7 C"]), others, others)]
    enter(paper, all_but(paper, students_in(campus.section)[0]), by=bob)
    assert to_mark(bob) == [(name, 1, there)]
    enter(paper, all_but(paper), by=bob, version=1)
    assert to_mark(bob) == []


def test_what_is_closed_or_ahead_is_not_to_be_marked(paper: Exam, bob: User) -> None:
    for change in ({"state": "scheduled"}, {"state": "moderation"}):
        ExamSession.objects.filter(pk=paper.session_id).update(**change)
        assert to_mark(bob) == []


@pytest.mark.parametrize(("days", "number"), [(None, 0), (4, 0), (3, 1), (0, 1), (-1, 0)])
def test_a_reminder_comes_three_days_before_marks_close(paper: Exam, bob: User, days: int | None, number: int) -> None:
    closing(paper, None if days is None else SCHOOL_DAY + days * ONE_DAY)
    for _night in range(2):
        services.remind_of_marks()
    assert len(letters()) == number


def test_it_names_each_paper_and_comes_once(paper: Exam, campus: Campus, bob: User) -> None:
    closing(paper, SCHOOL_DAY)
    # Of both sections: nobody with a login marks 7 C's.
    assert services.remind_of_marks() == 2
    assert services.remind_of_marks() == 0
    (letter,) = letters()
    assert letter.to == ["bob@oak.example"]
    there = len(students_in(campus.section))
    assert f"Mathematics, {campus.section}: {there} of {there}, until " in letter.body
    assert letter.body.count("Mathematics") == 1
    assert "/office/exams/to-mark/" in letter.body


def test_who_has_marked_meanwhile_is_not_told(paper: Exam, bob: User) -> None:
    closing(paper, SCHOOL_DAY)
    services.remind_of_marks()
    enter(paper, all_but(paper), by=bob)
    assert letters() == []


def test_without_an_end_it_comes_a_week_after_the_paper(paper: Exam, bob: User) -> None:
    Exam.objects.filter(pk=paper.pk).update(day=SCHOOL_DAY - 7 * ONE_DAY)
    assert services.remind_of_marks() == 1
    assert selectors.markers_of([paper], SCHOOL_DAY) == {paper.pk: {bob.pk}}
    assert remind_of_marks.name == "apps.examinations.remind_of_marks"
