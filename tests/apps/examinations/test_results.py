"""What a session's marks make of each student: the same from the same marks, whatever came first."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.examinations import services, tasks
from apps.examinations.errors import ResultPolicyChangedMeanwhile
from apps.examinations.models import Exam, ExamSession, ResultPolicy, SessionResult
from apps.examinations.selectors.results import average_of
from apps.examinations.services import Sat, ranks_of, tally
from apps.institutions.models import Course
from apps.students.models import SectionMembership, Student
from apps.students.services import merge_students, withdraw_student
from tests.apps.asking import asking
from tests.factories.exams import a_course, a_paper, an_exam_session, enter
from tests.factories.jobs import waiting_jobs, work_off
from tests.factories.people import (
    SCHOOL_DAY,
    SCHOOL_MOMENT,
    Campus,
    a_class,
    a_school_year,
    a_user,
    some_students,
    students_in,
)
from tests.support.kept import kept

ONE_DAY = dt.timedelta(days=1)
USUAL = ResultPolicy(version=0)
LEFT_OUT = ResultPolicy(version=1, absent="left-out", malpractice="left-out")
SAT = st.builds(
    lambda status, most, share: Sat(
        Decimal(most), status, (Decimal(most) * share / 100).quantize(Decimal("0.01")) if status == "entered" else None
    ),
    st.sampled_from(["entered", "entered", "absent", "exempt", "malpractice", "not-entered"]),
    st.integers(1, 200),
    st.integers(0, 100),
)


# --- the arithmetic -------------------------------------------------------------------------------------------------
@settings(max_examples=60, database=None)
@given(papers=st.lists(SAT, max_size=8), shuffled=st.randoms())
def test_no_order_changes_a_total_and_exempt_never_counts(papers: list[Sat], shuffled: Any) -> None:
    other = list(papers)
    shuffled.shuffle(other)
    for policy in (USUAL, LEFT_OUT):
        made = tally(papers, policy)
        assert tally(other, policy) == made
        assert tally([each for each in papers if each.status != "exempt"], policy) == made
        assert made.percent is None or 0 <= made.percent <= 100
        assert made.complete == all(each.status != "not-entered" for each in papers)


def test_absence_counts_with_no_marks_or_leaves_the_denominator() -> None:
    papers = [Sat(Decimal(50), "entered", Decimal(40)), Sat(Decimal(50), "absent", None)]
    assert (tally(papers, USUAL).percent, tally(papers, LEFT_OUT).percent) == (40, 80)
    assert tally(papers[1:], LEFT_OUT).percent is None


def test_ranks_are_dense_or_as_in_a_competition_or_none() -> None:
    percents = {1: Decimal(90), 2: Decimal(80), 3: Decimal("80.0"), 4: Decimal(70)}
    assert ranks_of(percents, "dense") == {1: 1, 2: 2, 3: 2, 4: 3}
    assert ranks_of(percents, "competition") == {1: 1, 2: 2, 3: 2, 4: 4}
    assert ranks_of(percents, "none") == {}


def test_an_average_is_weighed_and_exact() -> None:
    thirds = [(Fraction(1), Fraction(1, 3)), (Fraction(2), Fraction(2, 3))]
    assert average_of(thirds) == average_of(thirds[::-1]) == Fraction(500, 9)
    assert average_of([(Fraction(0), Fraction(1))]) is None


# --- the job --------------------------------------------------------------------------------------------------------
@pytest.fixture
@kept
def papers(campus: Campus, mid_terms: ExamSession, maths: Course, alice: User) -> list[Exam]:
    """7 B's papers in mathematics and Arabic, of 80 and 20 marks; the session is being marked."""
    made = [
        a_paper(mid_terms, campus.section, course, by=alice, day=SCHOOL_DAY - days * ONE_DAY, max_marks=Decimal(most))
        for course, days, most in ((maths, 1, 80), (a_course(campus, "Arabic"), 2, 20))
    ]
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    return made


def everybody(paper: Exam, score: str, **other: str) -> dict[Student, str]:
    """All who sit it have ``score``, but for those by their place in the section, as ``first="absent"``."""
    there = students_in(paper.section)
    places = {"first": there[0], "second": there[1]}
    return {**dict.fromkeys(there, score), **{places[name]: said for name, said in other.items()}}


def compute(session: ExamSession, by: User) -> None:
    services.ask_for_results(session=session.sourced_id, by=by)
    work_off(tasks.compute_results)


def result_of(student: Student) -> tuple[Any, ...]:
    return SessionResult.objects.values_list("total", "out_of", "percent", "complete", "rank", "ranked").get(
        student=student
    )


def test_a_job_adds_up_the_papers_and_ranks(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User
) -> None:
    first, second, third, *_ = students_in(campus.section)
    services.set_result_policy(values={"ranks": "competition"}, expected_version=0, by=alice)
    enter(papers[0], everybody(papers[0], "40", first="80", second="absent"), by=alice)
    enter(papers[1], everybody(papers[1], "10", second="exempt"), by=alice)
    answer = asking(alice).post(f"exam-sessions/{mid_terms.sourced_id}/results")
    assert answer.status_code == 202, answer.content
    assert answer.json()["policy_version"] == 1
    assert answer.json()["touched"][0]["what"] == "exam-results"
    assert waiting_jobs("compute_results") == [{"session": mid_terms.pk}]
    work_off(tasks.compute_results)
    assert result_of(first) == (90, 100, 90, True, 1, 12)
    assert result_of(second) == (0, 80, 0, True, 12, 12)
    assert result_of(third) == (50, 100, 50, True, 2, 12)
    listed = asking(alice).rows(f"exam-sessions/{mid_terms.sourced_id}/results")
    assert (len(listed), {row["percent"] for row in listed}) == (12, {"90.00", "50.00", "0.00"})


def test_whoever_is_not_marked_in_a_paper_is_not_complete_and_has_no_rank(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User
) -> None:
    first, second, *_ = students_in(campus.section)
    services.set_result_policy(values={"ranks": "dense"}, expected_version=0, by=alice)
    enter(papers[0], everybody(papers[0], "40"), by=alice)
    enter(papers[1], {second: "20"}, by=alice)
    compute(mid_terms, alice)
    assert result_of(first) == (40, 80, 50, False, None, None)
    assert result_of(second) == (60, 100, 60, True, 1, 1)


def test_results_follow_a_correction_of_those_whom_it_is_about(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User
) -> None:
    first, second, *_ = students_in(campus.section)
    enter(papers[0], everybody(papers[0], "40"), by=alice)
    assert waiting_jobs("compute_results") == []
    compute(mid_terms, alice)
    enter(papers[0], everybody(papers[0], "40", first="41"), by=alice, version=1)
    assert services.compute_results(mid_terms.pk) == {"students": 1, "changed": 1}
    assert (result_of(first)[0], result_of(second)[0]) == (41, 40)
    assert services.compute_results(mid_terms.pk) == {"students": 0, "changed": 0}
    # As if they had been computed from the start.
    there = list(SessionResult.objects.order_by("student").values_list("student", "total", "percent", "rank"))
    compute(mid_terms, alice)
    assert list(SessionResult.objects.order_by("student").values_list("student", "total", "percent", "rank")) == there


def test_another_maximum_changes_everybodys(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User
) -> None:
    first, *_ = students_in(campus.section)
    enter(papers[0], everybody(papers[0], "40"), by=alice)
    compute(mid_terms, alice)
    services.change_paper(paper=papers[0].sourced_id, values={"max_marks": Decimal(160)}, expected_version=1, by=alice)
    work_off(tasks.compute_results)
    assert result_of(first)[1:3] == (160, 25)


def test_a_session_keeps_its_policy_until_it_is_computed_anew(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User
) -> None:
    first, *_ = students_in(campus.section)
    for paper in papers:
        enter(paper, everybody(paper, "10", **({"first": "absent"} if paper is papers[0] else {})), by=alice)
    compute(mid_terms, alice)
    services.set_result_policy(values={"absent": "left-out"}, expected_version=0, by=alice)
    with pytest.raises(ResultPolicyChangedMeanwhile):
        services.set_result_policy(values={"ranks": "dense"}, expected_version=0, by=alice)
    enter(papers[1], everybody(papers[1], "10", first="11"), by=alice, version=1)
    work_off(tasks.compute_results)
    assert result_of(first)[:2] == (11, 100)
    compute(mid_terms, alice)
    assert result_of(first)[:2] == (11, 20)


def test_as_many_statements_for_twelve_students_as_for_three(
    campus: Campus, maths: Course, alice: User, query_count: Any
) -> None:
    spent = []
    for number, section in enumerate(campus.sections.values()):
        session = an_exam_session(campus, by=alice, name=f"{number}")
        paper = a_paper(session, section, maths, by=alice, day=SCHOOL_DAY - ONE_DAY)
        ExamSession.objects.filter(pk=session.pk).update(state="marking")
        enter(paper, everybody(paper, "40"), by=alice)
        services.ask_for_results(session=session.sourced_id, by=alice)
        with query_count() as counted:
            services.compute_results(session.pk)
        spent.append(counted.count)
    assert spent[0] == spent[1] < 20


def test_a_family_reads_published_results_and_the_average_of_what_is_published(
    campus: Campus, maths: Course, alice: User, carol: User
) -> None:
    child = students_in(campus.section)[0]
    for name, weight, score, published in (("One", 1, "40", True), ("Two", 3, "80", True), ("Three", 9, "0", False)):
        session = an_exam_session(campus, by=alice, name=name, weight=weight)
        paper = a_paper(session, campus.section, maths, by=alice, day=SCHOOL_DAY - weight * ONE_DAY)
        ExamSession.objects.filter(pk=session.pk).update(state="marking")
        enter(paper, {child: score}, by=alice)
        compute(session, alice)
        ExamSession.objects.filter(pk=session.pk).update(results_published_at=SCHOOL_MOMENT if published else None)
    said = asking(carol).get(f"students/{child.sourced_id}/results").json()
    assert [(row["session"], row["percent"]) for row in said["results"]] == [("One", "50.00"), ("Two", "100.00")]
    assert [(row["term"], row["percent"]) for row in said["terms"]] == [("Autumn", "87.50")]


def test_who_teaches_one_course_does_not_see_what_all_papers_come_to(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User, bob: User
) -> None:
    enter(papers[0], everybody(papers[0], "40"), by=alice)
    compute(mid_terms, alice)
    address = f"exam-sessions/{mid_terms.sourced_id}/results"
    assert len(asking(bob).rows(address)) == 12
    SessionResult.objects.update(section=campus.sections["7 C"])
    assert asking(bob).rows(address) == []


def test_a_mark_that_was_taken_back_is_none_where_a_child_is_no_more(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User
) -> None:
    first, *_ = students_in(campus.section)
    enter(papers[0], everybody(papers[0], "40"), by=alice)
    enter(papers[0], everybody(papers[0], "40", first=""), by=alice, version=1)
    enter(papers[1], everybody(papers[1], "10"), by=alice)
    # Moved between the two papers: the later one is that of another section.
    SectionMembership.objects.filter(student=first).update(ends_on=papers[0].day)
    compute(mid_terms, alice)
    assert result_of(first) == (10, 20, 50, True, None, None)


def test_of_two_records_of_one_child_the_mark_counts_that_was_not_taken_back(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User, erin: User
) -> None:
    kept = students_in(campus.section)[0]
    (duplicate,) = some_students(1, section=campus.section, until=SCHOOL_DAY)
    enter(papers[0], {kept: "30", duplicate: "40"}, by=alice)
    enter(papers[0], {duplicate: "40"}, by=alice, version=1)
    compute(mid_terms, alice)
    merge_students(keep=kept, duplicate=duplicate, reason="Twice on the books", by=erin)
    work_off(tasks.compute_results)
    assert result_of(kept)[0] == 40
    assert not SessionResult.objects.filter(student=duplicate).exists()


def test_results_follow_who_was_in_the_class_that_day(
    campus: Campus, mid_terms: ExamSession, papers: list[Exam], alice: User, erin: User
) -> None:
    first, second, *_ = students_in(campus.section)
    enter(papers[1], everybody(papers[1], "10", first=""), by=alice)
    compute(mid_terms, alice)
    withdraw_student(student=first, on=papers[1].day, reason="Left on Monday", by=erin)
    withdraw_student(student=second, on=SCHOOL_DAY + ONE_DAY, by=erin)
    assert len(waiting_jobs("compute_results")) == 1
    work_off(tasks.compute_results)
    assert not SessionResult.objects.filter(student=first).exists()
    assert result_of(second)[0] == 10


def test_a_campus_sees_results_of_children_without_a_section(
    campus: Campus, mid_terms: ExamSession, alice: User
) -> None:
    taught = a_class(campus, title="Physics", students=students_in(campus.section)[:2])
    paper = a_paper(mid_terms, taught, by=alice, day=SCHOOL_DAY - ONE_DAY)
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    SectionMembership.objects.all().delete()
    enter(paper, {}, by=alice)
    compute(mid_terms, alice)
    address = f"exam-sessions/{mid_terms.sourced_id}/results"
    here, elsewhere = (
        a_user(f"head {each.pk}", role="head", institution=each)
        for each in (campus.institution, a_school_year().institution)
    )
    assert len(asking(here).rows(address)) == 2
    assert asking(elsewhere).get(address).status_code == 404
