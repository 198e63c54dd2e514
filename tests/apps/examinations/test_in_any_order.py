"""Results are what marks come to: in whatever order those came, and whatever was moderated and reverted meanwhile."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.models import Exam, ExamSession, SessionResult
from apps.institutions.models import Course
from tests.factories.exams import a_paper, enter
from tests.factories.people import SCHOOL_DAY, Campus, students_in

IN_A_SCHOOL = settings(
    max_examples=4, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def paper(campus: Campus, mid_terms: ExamSession, maths: Course, alice: User) -> Exam:
    """7 B's, of 80 marks."""
    made = a_paper(mid_terms, campus.section, maths, by=alice, day=SCHOOL_DAY - dt.timedelta(days=1))
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    return made


def results() -> list[tuple[Any, ...]]:
    rows = SessionResult.objects.order_by("student")
    return list(rows.values_list("student", "total", "out_of", "percent", "complete", "rank", "ranked"))


MARK = st.sampled_from(["0", "17.25", "40", "61,5", "80", "absent", "exempt", "malpractice"])


@IN_A_SCHOOL
@given(
    final=st.lists(MARK, min_size=12, max_size=12),
    steps=st.lists(st.tuples(st.integers(0, 11), MARK, st.booleans()), max_size=5),
)
def test_neither_the_order_of_entry_nor_corrections_change_a_result(
    campus: Campus, paper: Exam, alice: User, final: list[str], steps: list[tuple[int, str, bool]]
) -> None:
    services.set_result_policy(values={"ranks": "competition"}, expected_version=None, by=alice)
    there = students_in(campus.section)
    wanted = dict(zip(there, final, strict=True))

    def marked(marks: dict[Any, str]) -> None:
        enter(paper, marks, by=alice, version=Exam.objects.get(pk=paper.pk).marks_version)

    said: dict[Any, str] = {}
    for place, mark, computed in steps:
        said[there[place]] = mark
        marked(said)
        if computed:
            services.ask_for_results(session=paper.session.sourced_id, by=alice)
            services.compute_results(paper.session_id)
    marked(wanted)
    services.compute_results(paper.session_id)
    followed = results()
    services.ask_for_results(session=paper.session.sourced_id, by=alice)
    services.compute_results(paper.session_id)
    assert not followed or results() == followed
    exempt = {student.pk for student, mark in wanted.items() if mark == "exempt"}
    assert {row[0] for row in results() if row[2] == 0} == exempt
    assert all(row[3] is None for row in results() if row[0] in exempt)


@IN_A_SCHOOL
@given(
    scores=st.lists(st.decimals(0, 80, places=2), min_size=12, max_size=12),
    factor=st.decimals("0.5", 2, places=2),
    shift=st.decimals(1, 20, places=2),
)
def test_a_moderation_that_is_reverted_leaves_every_result_as_it_was(
    campus: Campus, paper: Exam, alice: User, scores: list[Decimal], factor: Decimal, shift: Decimal
) -> None:
    services.set_result_policy(values={"ranks": "dense"}, expected_version=None, by=alice)
    version = Exam.objects.get(pk=paper.pk).marks_version
    enter(paper, dict(zip(students_in(campus.section), map(str, scores), strict=True)), by=alice, version=version)
    services.ask_for_results(session=paper.session.sourced_id, by=alice)
    services.compute_results(paper.session_id)
    before, read = results(), selectors.marks_sheet(paper.sourced_id, by=alice)
    step = {"paper": paper.sourced_id, "by": alice}
    made = services.propose_moderation(**step, factor=factor, shift=shift, reason="A hard paper")
    for act in (services.apply_moderation, services.revert_moderation):
        act(**step, moderation=made.sourced_id)
        services.compute_results(paper.session_id)
    assert results() == before
    assert selectors.marks_sheet(paper.sourced_id, by=alice) == read
