"""A paper's marks are moderated by two: one proposes, another applies and reverts; what was entered is kept."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.access.errors import PermissionMissing
from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.errors import (
    ModerationChangesNothing,
    ModerationNotOpen,
    ModerationOutOfReach,
    ModerationStands,
    NothingToModerate,
    ResultsArePublished,
)
from apps.examinations.models import Exam, ExamSession, Mark, Moderation, SessionResult
from apps.institutions.models import Course
from apps.students.models import Student
from schoolops.audit.models import AuditEntry
from tests.apps.asking import asking
from tests.factories.exams import a_paper, enter
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_user, students_in
from tests.support.kept import kept


@pytest.fixture
@kept
def paper(campus: Campus, mid_terms: ExamSession, maths: Course, alice: User) -> Exam:
    """7 B's, of 80 marks: 40, 60, 79 and one who was absent; its results are computed."""
    made = a_paper(mid_terms, campus.section, maths, by=alice, day=SCHOOL_DAY - dt.timedelta(days=1))
    ExamSession.objects.filter(pk=mid_terms.pk).update(state="marking")
    said = dict(zip(students_in(campus.section), ("40", "60", "79", "absent"), strict=False))
    enter(made, said, by=alice)
    services.ask_for_results(session=mid_terms.sourced_id, by=alice)
    services.compute_results(mid_terms.pk)
    return made


@pytest.fixture
def registrar() -> User:
    return a_user("rita", role="registrar")


def propose(paper: Exam, by: User, factor: str = "1", shift: str = "0") -> Moderation:
    return services.propose_moderation(
        paper=paper.sourced_id, factor=Decimal(factor), shift=Decimal(shift), reason="A hard paper", by=by
    )


def settle(step: Any, moderation: Moderation, by: User) -> Moderation:
    return step(paper=moderation.exam.sourced_id, moderation=moderation.sourced_id, by=by)


def totals(paper: Exam) -> list[str]:
    services.compute_results(paper.session_id)
    rows = {row.student_id: row for row in SessionResult.objects.filter(session=paper.session)}
    return [str(rows[student.pk].total) for student in students_in(paper.section)[:4]]


def test_what_was_entered_is_kept_and_what_counts_follows(paper: Exam, alice: User, registrar: User) -> None:
    moderation = propose(paper, registrar, factor="1.05", shift="2")
    assert totals(paper) == ["40.00", "60.00", "79.00", "0.00"]
    settle(services.apply_moderation, moderation, alice)
    # 44, 65, and 84.95 of 80.
    assert totals(paper) == ["44.00", "65.00", "80.00", "0.00"]
    entered = Mark.objects.filter(exam=paper, score__isnull=False).order_by("score")
    assert [str(mark.score) for mark in entered] == ["40.00", "60.00", "79.00"]
    records = {each["score"]: each for each in selectors.marks_sheet(paper.sourced_id, by=alice)["records"]}
    assert records[Decimal(60)]["counted"] == 65
    assert str(records[Decimal(60)]["percent"]) == "81"
    settle(services.revert_moderation, moderation, alice)
    assert totals(paper) == ["40.00", "60.00", "79.00", "0.00"]
    actions = AuditEntry.objects.filter(action__startswith="examinations.moderation").order_by("pk")
    assert [each.action.rpartition("-")[2] for each in actions] == ["proposed", "applied", "reverted"]


def test_a_mark_that_is_entered_later_is_moderated_too(
    paper: Exam, alice: User, registrar: User, campus: Campus
) -> None:
    settle(services.apply_moderation, propose(paper, registrar, shift="-3"), alice)
    late = students_in(campus.section)[3]
    services.correct_marks(
        paper=paper.sourced_id, touched=[services.Written(late.sourced_id, "2")], seen_version=1, by=alice
    )
    assert totals(paper) == ["37.00", "57.00", "76.00", "0.00"]


def test_before_and_after_stand_beside_each_other(paper: Exam, registrar: User) -> None:
    propose(paper, registrar, shift="10")
    shown = asking(registrar).get(f"exams/{paper.sourced_id}/moderations").json()["results"][0]
    assert (shown["before"]["mean"], shown["after"]["mean"]) == ("74.58", "83.33")
    assert shown["before"]["deciles"] == [0, 0, 0, 0, 0, 1, 0, 1, 0, 1]
    assert shown["after"]["deciles"] == [0, 0, 0, 0, 0, 0, 1, 0, 1, 1]
    assert shown["after"]["highest"] == "100.00"


def test_who_proposes_does_not_apply(paper: Exam, alice: User, bob: User, registrar: User) -> None:
    with pytest.raises(PermissionMissing):
        propose(paper, bob, shift="1")
    moderation = propose(paper, registrar, shift="1")
    with pytest.raises(PermissionMissing):
        settle(services.apply_moderation, moderation, registrar)
    settle(services.apply_moderation, moderation, alice)
    with pytest.raises(PermissionMissing):
        settle(services.revert_moderation, moderation, registrar)


def test_one_stands_at_a_time(paper: Exam, alice: User, registrar: User) -> None:
    moderation = propose(paper, registrar, shift="1")
    with pytest.raises(ModerationStands):
        propose(paper, registrar, shift="2")
    settle(services.withdraw_moderation, moderation, registrar)
    for step in (services.apply_moderation, services.revert_moderation, services.withdraw_moderation):
        with pytest.raises(ModerationNotOpen):
            settle(step, moderation, alice)
    settle(services.apply_moderation, propose(paper, registrar, shift="2"), alice)
    with pytest.raises(ModerationStands):
        propose(paper, registrar, shift="2")


def test_published_results_are_not_moderated(paper: Exam, alice: User, registrar: User) -> None:
    moderation = propose(paper, registrar, shift="1")
    ExamSession.objects.filter(pk=paper.session_id).update(results_published_at=SCHOOL_MOMENT)
    with pytest.raises(ResultsArePublished):
        settle(services.apply_moderation, moderation, alice)
    with pytest.raises(ResultsArePublished):
        propose(paper, registrar, shift="2")


def test_what_makes_no_sense_is_refused(paper: Exam, alice: User, registrar: User, campus: Campus) -> None:
    with pytest.raises(ModerationChangesNothing):
        propose(paper, registrar)
    for factor, shift in (("-1", "0"), ("10.1", "0"), ("1", "80.01"), ("1", "-80.01")):
        with pytest.raises(ModerationOutOfReach):
            propose(paper, registrar, factor, shift)
    Mark.objects.filter(exam=paper).update(status="absent", score=None)
    with pytest.raises(NothingToModerate):
        propose(paper, registrar, shift="1")


def test_families_read_what_counts_and_nothing_else(
    paper: Exam, alice: User, registrar: User, campus: Campus, carol: User
) -> None:
    child: Student = students_in(campus.section)[0]
    settle(services.apply_moderation, propose(paper, registrar, shift="5"), alice)
    services.compute_results(paper.session_id)
    ExamSession.objects.filter(pk=paper.session_id).update(results_published_at=SCHOOL_MOMENT)
    (mark,) = asking(carol).get(f"students/{child.sourced_id}/marks").json()["results"]
    assert (mark["score"], mark["percent"]) == ("45.00", "56")
    assert "counted" not in mark
    (result,) = asking(carol).get(f"students/{child.sourced_id}/results").json()["results"]
    assert result["total"] == "45.00"
    assert asking(carol).get(f"exams/{paper.sourced_id}/moderations").status_code == 403


MARKS = st.decimals(0, 80, places=2)


@settings(max_examples=60, deadline=None)
@given(score=MARKS, factor=st.decimals(0, 10, places=4), shift=st.decimals(-80, 80, places=2))
def test_what_counts_is_within_the_paper_and_better_stays_better(
    score: Decimal, factor: Decimal, shift: Decimal
) -> None:
    most = Decimal(80)
    counted = selectors.moderated(score, factor, shift, most)
    assert 0 <= counted <= most
    assert counted == counted.quantize(Decimal("0.01"))
    assert selectors.moderated(min(score + 1, most), factor, shift, most) >= counted
    assert selectors.moderated(score, Decimal(1), Decimal(0), most) == score
