"""The marks of a paper are entered whole, as people write them, and everything that cannot be is said by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.access.errors import OutOfReach, PermissionMissing
from apps.accounts.models import User
from apps.examinations import services
from apps.examinations.errors import (
    MarksChangedMeanwhile,
    MarksLocked,
    MarksNotLocked,
    MarksRefused,
    MarksReopeningTooLong,
    NotMarking,
    PaperAhead,
    PaperHasMarks,
    PostingClosed,
    ScoresAboveMaximum,
)
from apps.examinations.models import Exam, ExamSession, Mark, MarkChange
from apps.examinations.selectors import marks_sheet, read_score
from apps.examinations.services import Written
from apps.institutions.models import Course, Term
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import SectionMembership, Student
from apps.students.services import merge_students
from schoolops.audit.models import AuditEntry
from schoolops.constraints import violated
from schoolops.errors import FieldError
from tests.apps.asking import asking
from tests.factories.exams import a_course, a_paper, enter, written
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_section, a_teacher, some_students, students_in
from tests.support.kept import kept

ONE_DAY = dt.timedelta(days=1)
Later = Callable[..., None]


@pytest.fixture
@kept
def paper(campus: Campus, mid_terms: ExamSession, maths: Course, alice: User) -> Exam:
    """7 B's paper in mathematics, of 80 marks, sat yesterday; the session is being marked."""
    made = a_paper(mid_terms, campus.section, maths, by=alice, day=SCHOOL_DAY - ONE_DAY)
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    return made


def refusals(work: Callable[[], Any]) -> list[tuple[str, str]]:
    with pytest.raises(MarksRefused) as refused:
        work()
    return [(each.field, each.code) for each in refused.value.errors]


# --- as people write ----------------------------------------------------------------------------------------------
ARABIC = "\u0667\u066b\u0665"


@pytest.mark.parametrize(
    ("given", "score"),
    [
        ("7.5", "7.5"), ("7,5", "7.5"), (ARABIC, "7.5"), ("\u0667\u060c\u0665", "7.5"), ("\u200f7.50\u00a0", "7.5"),
        ("\uff17\uff0e\uff15", "7.5"), ("\u096d,\u096b", "7.5"), (" 07 ", "7"), ("7.", "7"), (",5", "0.5"),
        ("80.000", "80"), ("0", "0"), (7.5, "7.5"), (7, "7"), (Decimal("7.50"), "7.5"),
    ],
)  # fmt: skip
def test_a_mark_is_understood_as_people_write_it(given: Any, score: str) -> None:
    assert read_score(given, Decimal(80)) == Decimal(score)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("1e5", "exponent"), ("1E-5", "exponent"), ("NaN", "not-a-number"), ("inf", "not-a-number"),
        ("seven", "not-a-number"), ("7.5.1", "not-a-number"), (".", "not-a-number"), ("+7", "not-a-number"),
        ("7\u00b2", "not-a-number"), ("\u00bd", "not-a-number"), ("1 000", "not-a-number"), ("0x10", "not-a-number"),
        ("-1", "negative"), ("\u22121", "negative"), ("80.01", "above-max"), ("9" * 90, "above-max"),
        ("7.555", "too-precise"), ("1,234", "too-precise"),
    ],
)  # fmt: skip
def test_what_is_no_mark_is_refused_by_a_code_of_its_own(given: str, code: str) -> None:
    refused = read_score(given, Decimal(80))
    assert isinstance(refused, FieldError)
    assert (refused.field, refused.code) == ("score", code)
    assert len(refused.message) < 140


# --- a whole paper -------------------------------------------------------------------------------------------------
def test_a_paper_is_entered_whole_and_read_with_its_grades(campus: Campus, paper: Exam, bob: User) -> None:
    first, second, third, fourth, *_ = students_in(campus.section)
    ask = asking(bob)
    said = {first: "63,6", second: "absent", third: "exempt", fourth: ARABIC}
    answer = ask.put(f"exams/{paper.sourced_id}/marks", {"version": 0, "records": written(paper, said, text=True)})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"'), answer.content
    records = {row["student_id"]: row for row in answer.json()["records"]}
    assert len(records) == 12
    shown = {name: records[str(first.sourced_id)][name] for name in ("status", "score", "percent", "grade", "passed")}
    assert shown == {"status": "entered", "score": "63.60", "percent": "80", "grade": "A", "passed": True}
    assert records[str(second.sourced_id)]["status"] == "absent"
    assert (records[str(fourth.sourced_id)]["score"], records[str(fourth.sourced_id)]["grade"]) == ("7.50", "F")
    assert [row["status"] for row in answer.json()["records"]].count("not-entered") == 8
    again = ask.get(f"exams/{paper.sourced_id}/marks").json()
    assert again == answer.json()
    assert (again["open"], again["marked_by"]["name"]) == (True, "Bob")
    told = AuditEntry.objects.get(action="examinations.marks-entered")
    assert told.after == {"version": 1, "entered": 2, "changed": 4}


def test_a_pass_mark_of_its_own_goes_before_the_grade(campus: Campus, paper: Exam, alice: User) -> None:
    Exam.objects.filter(pk=paper.pk).update(pass_marks=60)
    first, second, *_ = students_in(campus.section)
    enter(paper, {first: "59.99", second: "60"}, by=alice)
    passed = {row["student_id"]: row["passed"] for row in marks_sheet(paper.sourced_id, by=alice)["records"]}
    assert (passed[first.sourced_id], passed[second.sourced_id]) == (False, True)


def test_entering_again_replaces_and_keeps_what_was(campus: Campus, paper: Exam, alice: User) -> None:
    first, second, *_ = students_in(campus.section)
    enter(paper, {first: "40", second: "50"}, by=alice)
    enter(paper, {first: "41", second: "50"}, by=alice, version=1)
    enter(paper, {second: "absent"}, by=alice, version=2)
    told = MarkChange.objects.filter(student=first).order_by("id").values_list("marks_version", "before", "after")
    assert list(told) == [
        (1, None, {"status": "entered", "score": "40.00"}),
        (2, {"status": "entered", "score": "40.00"}, {"status": "entered", "score": "41.00"}),
        (3, {"status": "entered", "score": "41.00"}, {"status": "not-entered"}),
    ]
    assert MarkChange.objects.count() == 5
    history = asking(alice).rows(f"exams/{paper.sourced_id}/marks/history")
    assert (len(history), history[0]["version"], history[0]["by"]) == (5, 3, "Alice")


def test_who_read_an_older_version_is_told_what_changed(campus: Campus, paper: Exam, alice: User, bob: User) -> None:
    first, *_ = students_in(campus.section)
    enter(paper, {first: "40"}, by=alice)
    with pytest.raises(MarksChangedMeanwhile) as refused:
        enter(paper, {first: "41"}, by=bob)
    assert refused.value.members["version"] == 1
    assert [each["after"] for each in refused.value.members["changes"]] == [{"status": "entered", "score": "40.00"}]
    body = {"records": written(paper, {first: "41"}, text=True)}
    answer = asking(bob).put(f"exams/{paper.sourced_id}/marks", body, headers={"If-Match": '"0"'})
    assert (answer.status_code, answer.json()["changed_by"]["name"]) == (409, "Alice")


def test_each_record_that_cannot_be_is_refused_and_nothing_is_lost_or_written(
    campus: Campus, paper: Exam, alice: User
) -> None:
    first, second, third, fourth, fifth, *rest = students_in(campus.section)
    other = students_in(campus.sections["7 C"])[0]
    wrong = [
        Written(first.sourced_id, "1e5"),
        Written(second.sourced_id, "81"),
        Written(third.sourced_id, "5", "absent"),
        Written(fourth.sourced_id, None, "entered"),
        Written(fifth.sourced_id, "5"),
        Written(fifth.sourced_id, "5"),
        Written(other.sourced_id, "5"),
        *(Written(each.sourced_id, "5") for each in rest[1:]),
    ]
    assert refusals(
        lambda: services.enter_marks(paper=paper.sourced_id, marks=wrong, expected_version=0, by=alice)
    ) == [
        ("records.0.score", "exponent"),
        ("records.1.score", "above-max"),
        ("records.2.score", "score-with-status"),
        ("records.3.score", "score-missing"),
        ("records.5.student_id", "named-twice"),
        ("records.6.student_id", "not-in-the-class"),
        ("records", "student-missing"),
    ]
    assert not Mark.objects.exists()


def test_a_student_is_in_the_paper_of_the_class_they_were_in_on_its_day(
    campus: Campus, paper: Exam, alice: User
) -> None:
    first, second, *_ = students_in(campus.section)
    enter(paper, {first: "40"}, by=alice)
    SectionMembership.objects.filter(student=first).update(ends_on=paper.day)
    SectionMembership.objects.filter(student=second).update(ends_on=paper.day + ONE_DAY)
    known = {row["student_id"]: row["on_roster"] for row in marks_sheet(paper.sourced_id, by=alice)["records"]}
    assert (known[first.sourced_id], known[second.sourced_id]) == (False, True)
    # Who is marked and no longer there may be left out, and stays as they are.
    marks = [each for each in written(paper, {second: "50"}) if each.student_id != first.sourced_id]
    services.enter_marks(paper=paper.sourced_id, marks=marks, expected_version=1, by=alice)
    assert Mark.objects.get(student=first).score == 40


def test_sixty_students_cost_as_many_statements_as_five(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User, query_count: Any
) -> None:
    spent = []
    for size in (5, 60):
        section = a_section(size, campus=campus, name=f"8 {size}")
        paper = a_paper(mid_terms, section, maths, by=alice, day=SCHOOL_DAY - ONE_DAY)
        ExamSession.objects.update(state="marking")
        TeachingAssignment.objects.create(
            staff=StaffMember.objects.get(user=bob), section=section, starts_on=campus.year.starts_on
        )
        ask, address = asking(bob), f"exams/{paper.sourced_id}/marks"
        body = {"records": written(paper, dict.fromkeys(students_in(section), "50"), text=True)}
        with query_count() as first:
            assert ask.put(address, body).status_code == 200
        body = {"version": 1, "records": written(paper, dict.fromkeys(students_in(section), "51"), text=True)}
        with query_count() as second:
            assert ask.put(address, body).status_code == 200
        with query_count() as read:
            assert len(ask.get(address).json()["records"]) == size
        spent.append((first.count, second.count, read.count))
    assert spent[0] == spent[1]
    assert spent[0][0] < 30


# --- when ----------------------------------------------------------------------------------------------------------
def test_marks_are_entered_while_the_session_is_marked_and_its_term_takes_them(
    campus: Campus, paper: Exam, alice: User, dave: User
) -> None:
    first, *_ = students_in(campus.section)
    sessions, terms = ExamSession.objects.all(), Term.objects.filter(pk=campus.terms[0].pk)
    for state in ("draft", "scheduled", "moderation"):
        sessions.update(state=state)
        with pytest.raises(NotMarking, match=state) as refused:
            enter(paper, {first: "1"}, by=dave)
        assert refused.value.advice.endswith("Alice can re-open this paper, with a reason.")
    sessions.update(state="held")
    terms.update(posting_opens_on=SCHOOL_DAY - 9 * ONE_DAY, posting_closes_on=SCHOOL_DAY - ONE_DAY)
    with pytest.raises(PostingClosed):
        enter(paper, {first: "1"}, by=dave)
    terms.update(posting_closes_on=SCHOOL_DAY)
    enter(paper, {first: "1"}, by=dave)
    terms.update(posting_opens_on=SCHOOL_DAY + ONE_DAY, posting_closes_on=None)
    with pytest.raises(PostingClosed):
        enter(paper, {first: "1"}, by=dave, version=1)
    Exam.objects.update(day=SCHOOL_DAY + ONE_DAY)
    with pytest.raises(PaperAhead):
        enter(paper, {first: "1"}, by=dave, version=1)


def test_a_version_that_there_is_not_yet_overwrites_nothing(campus: Campus, paper: Exam, dave: User) -> None:
    first, *_ = students_in(campus.section)
    enter(paper, {first: "1"}, by=dave)
    with pytest.raises(MarksChangedMeanwhile):
        services.correct_marks(
            paper=paper.sourced_id, touched=[Written(first.sourced_id, "2")], seen_version=2, by=dave
        )


def test_they_are_reopened_for_a_while_with_a_reason(
    campus: Campus, paper: Exam, alice: User, bob: User, later: Later
) -> None:
    first, *_ = students_in(campus.section)
    ExamSession.objects.update(results_published_at=SCHOOL_MOMENT + 9 * ONE_DAY)
    with pytest.raises(MarksLocked):
        enter(paper, {first: "1"}, by=bob)

    def reopen(by: User, **lasting: int) -> Exam:
        return services.reopen_marks(
            paper=paper.sourced_id, reason="A page was missed", lasting=dt.timedelta(**lasting), by=by
        )

    with pytest.raises(PermissionMissing):
        reopen(bob, hours=1)
    with pytest.raises(MarksReopeningTooLong):
        reopen(alice, days=15)
    reopen(alice, minutes=10)
    with pytest.raises(MarksNotLocked):
        reopen(alice, hours=1)
    assert AuditEntry.objects.get(action="examinations.marks-reopened").reason == "A page was missed"
    enter(paper, {first: "1"}, by=bob)
    later(minutes=11)
    with pytest.raises(MarksLocked):
        enter(paper, {first: "2"}, by=bob, version=1)


# --- who -----------------------------------------------------------------------------------------------------------
def test_a_teacher_enters_those_of_their_sections_classes_and_courses(
    campus: Campus, paper: Exam, mid_terms: ExamSession, alice: User, bob: User, maths: Course
) -> None:
    first, *_ = students_in(campus.section)
    other = a_teacher("otto", of=campus.sections["7 C"])
    with pytest.raises(OutOfReach):
        enter(paper, {first: "1"}, by=other)
    with pytest.raises(OutOfReach):
        marks_sheet(paper.sourced_id, by=other)
    assert enter(paper, {first: "1"}, by=bob).marks_version == 1
    TeachingAssignment.objects.update(ends_on=SCHOOL_DAY)
    with pytest.raises(OutOfReach):
        enter(paper, {first: "2"}, by=bob, version=1)


# --- what the database holds ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"status": "absent"}, "mark_score_if_entered"),
        ({"score": None}, "mark_score_if_entered"),
        ({"score": Decimal("80.01")}, "mark_within_paper"),
        ({"score": Decimal("-0.01")}, "mark_within_paper"),
        ({"max_marks": 100}, "examinations_mark_of_exam"),
    ],
)
def test_no_mark_stands_that_says_two_things(
    campus: Campus, paper: Exam, alice: User, values: dict[str, Any], constraint: str
) -> None:
    first, *_ = students_in(campus.section)
    enter(paper, {first: "40"}, by=alice)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Mark.objects.filter(student=first).update(**values)
    assert violated(refused.value) == constraint


def test_a_paper_that_is_marked_keeps_room_for_its_scores_and_is_not_removed(
    campus: Campus, paper: Exam, alice: User
) -> None:
    first, *_ = students_in(campus.section)
    enter(paper, {first: "70"}, by=alice)

    def of(marks: int, version: int) -> Exam:
        values = {"max_marks": Decimal(marks)}
        return services.change_paper(paper=paper.sourced_id, values=values, expected_version=version, by=alice)

    with pytest.raises(ScoresAboveMaximum):
        of(69, 1)
    of(140, 1)
    sheet = marks_sheet(paper.sourced_id, by=alice)
    assert sheet["version"] == 1
    assert [row["percent"] for row in sheet["records"] if row["score"]] == [Decimal(50)]
    with pytest.raises(PaperHasMarks):
        services.remove_paper(paper=paper.sourced_id, by=alice)


def test_the_marks_of_two_records_of_one_child_become_one_childs(
    campus: Campus, paper: Exam, mid_terms: ExamSession, alice: User, erin: User
) -> None:
    kept: Student = students_in(campus.section)[0]
    (duplicate,) = some_students(1, section=campus.section, until=paper.day + ONE_DAY)
    other = a_paper(
        mid_terms,
        campus.section,
        a_course(campus, "Arabic"),
        by=alice,
        day=paper.day,
        starts_at=dt.time(11),
        ends_at=dt.time(12),
    )
    enter(paper, {duplicate: "40"}, by=alice)
    enter(other, {duplicate: "30", kept: "50"}, by=alice)
    ExamSession.objects.update(results_published_at=SCHOOL_MOMENT)
    merge_students(keep=kept, duplicate=duplicate, reason="Twice on the books", by=erin)
    shown = asking(alice).rows(f"students/{kept.sourced_id}/marks")
    assert {(row["course"], row["score"]) for row in shown} == {("Mathematics", "40.00"), ("Arabic", "50.00")}
