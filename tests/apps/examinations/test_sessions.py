"""An exam session is moved on step by step; its timetable and its results are public from moments of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.examinations import services
from apps.examinations.errors import (
    ResultsNotMarked,
    SessionCannotMove,
    SessionChangedMeanwhile,
    SessionHasPapers,
    SessionNameTaken,
    TimetableNotScheduled,
)
from apps.examinations.models import ExamSession
from apps.institutions.models import Course, CourseClass
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import SectionMembership, Student
from schoolops.audit.models import AuditEntry
from tests.apps.asking import asking
from tests.factories.exams import a_course, a_paper, an_exam_session
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus, a_teacher, students_in

SOON = dt.timedelta(minutes=10)
Later = Callable[..., None]


def move(session: ExamSession, state: str, *, by: User, reason: str = "") -> ExamSession:
    return services.move_session(session=session.sourced_id, state=state, reason=reason, expected_version=None, by=by)


def publish(
    session: ExamSession, *, by: User, timetable: dt.datetime | None = None, results: dt.datetime | None = None
) -> ExamSession:
    return services.set_publication(
        session=session.sourced_id,
        timetable_published_at=timetable,
        results_published_at=results,
        reason="As agreed",
        expected_version=None,
        by=by,
    )


def seen(student: Student, *, by: User) -> list[str]:
    return [row["course"] for row in asking(by).rows(f"students/{student.sourced_id}/exams")]


def test_it_goes_from_draft_to_moderation_a_step_at_a_time(mid_terms: ExamSession, alice: User) -> None:
    with pytest.raises(SessionCannotMove) as refused:
        move(mid_terms, "marking", by=alice)
    assert refused.value.advice == "Next it can become: scheduled, cancelled (with a reason)."
    for state in ("scheduled", "held", "marking", "moderation", "marking", "held"):
        assert move(mid_terms, state, by=alice).state == state
    assert ExamSession.objects.get().version == 7
    with pytest.raises(SessionCannotMove):
        move(mid_terms, "cancelled", by=alice)
    assert move(mid_terms, "cancelled", by=alice, reason="Flood").cancelled_reason == "Flood"
    assert AuditEntry.objects.filter(action="examinations.session-moved").latest("id").reason == "Flood"


def test_results_are_published_from_a_moment_on(mid_terms: ExamSession, alice: User, later: Later) -> None:
    with pytest.raises(ResultsNotMarked):
        publish(mid_terms, by=alice, results=SCHOOL_MOMENT)
    for state in ("scheduled", "held", "marking"):
        move(mid_terms, state, by=alice)
    publish(mid_terms, by=alice, results=SCHOOL_MOMENT + SOON)
    ask = asking(alice)
    assert [row["state"] for row in ask.rows("exam-sessions?state=marking")] == ["marking"]
    with pytest.raises(ResultsNotMarked):
        move(mid_terms, "held", by=alice)
    later(minutes=10)
    assert ask.rows("exam-sessions?state=marking") == []
    assert [row["state"] for row in ask.rows("exam-sessions?state=published")] == ["published"]
    assert ExamSession.objects.get().state_at(SCHOOL_MOMENT + SOON) == "published"
    publish(mid_terms, by=alice)
    assert ask.get(f"exam-sessions/{mid_terms.sourced_id}").json()["state"] == "marking"


def test_a_family_sees_the_timetable_from_its_moment_on_and_no_longer_once_it_is_withdrawn(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, carol: User, later: Later
) -> None:
    child = students_in(campus.section)[0]
    a_paper(mid_terms, campus.section, maths, by=alice)
    assert seen(child, by=carol) == []
    with pytest.raises(TimetableNotScheduled):
        publish(mid_terms, by=alice, timetable=SCHOOL_MOMENT)
    move(mid_terms, "scheduled", by=alice)
    publish(mid_terms, by=alice, timetable=SCHOOL_MOMENT + SOON)
    assert seen(child, by=carol) == []
    later(minutes=10)
    assert seen(child, by=carol) == ["Mathematics"]
    with pytest.raises(TimetableNotScheduled):
        move(mid_terms, "draft", by=alice)
    publish(mid_terms, by=alice)
    assert seen(child, by=carol) == []


def test_a_paper_is_of_who_is_in_the_section_on_its_day(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, carol: User
) -> None:
    child = students_in(campus.section)[0]
    for days in (1, 3):
        a_paper(mid_terms, campus.section, maths, by=alice, title=f"{days}", day=SCHOOL_DAY + dt.timedelta(days=days))
    move(mid_terms, "scheduled", by=alice)
    publish(mid_terms, by=alice, timetable=SCHOOL_MOMENT)
    SectionMembership.objects.filter(student=child).update(ends_on=SCHOOL_DAY + dt.timedelta(days=2))
    assert [row["title"] for row in asking(carol).rows(f"students/{child.sourced_id}/exams")] == ["1"]


def test_a_family_sees_no_door_to_what_is_not_published(mid_terms: ExamSession, carol: User) -> None:
    for path in ("exams", "exam-sessions", f"exam-sessions/{mid_terms.sourced_id}"):
        assert asking(carol).get(path).status_code == 403


def test_teachers_see_the_papers_of_their_sections_classes_and_courses(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User, bob: User
) -> None:
    seven_b, seven_c = campus.sections["7 B"], campus.sections["7 C"]
    arabic = a_course(campus, "Arabic")
    taught = CourseClass.objects.create(
        institution=campus.institution, course=arabic, year=campus.year, section=seven_c, code="A7C", title="Arabic 7 C"
    )
    tess = a_teacher("tess", of=taught)
    for section in (seven_b, seven_c):
        for number, course in enumerate((maths, arabic)):
            a_paper(mid_terms, section, course, by=alice, day=SCHOOL_DAY + dt.timedelta(days=number))

    def papers(by: User) -> set[tuple[str, str]]:
        return {(row["group"], row["course"]) for row in asking(by).rows("exams")}

    assert papers(bob) == {("Grade 7 B", "Mathematics"), ("Grade 7 B", "Arabic")}
    assert papers(tess) == {("Grade 7 C", "Arabic")}
    assert len(papers(alice)) == 4
    assert [row["name"] for row in asking(tess).rows("exam-sessions")] == ["Mid-terms"]
    TeachingAssignment.objects.filter(staff=StaffMember.objects.get(user=tess)).update(ends_on=SCHOOL_DAY)
    assert (papers(tess), asking(tess).rows("exam-sessions")) == (set(), [])


def test_a_name_is_used_once_in_a_term_and_a_session_with_papers_stays(
    campus: Campus, mid_terms: ExamSession, maths: Course, alice: User
) -> None:
    with pytest.raises(SessionNameTaken):
        an_exam_session(campus, by=alice)
    other = an_exam_session(campus, by=alice, name="Other")
    services.remove_session(session=other.sourced_id, by=alice)
    a_paper(mid_terms, campus.section, maths, by=alice)
    with pytest.raises(SessionHasPapers):
        services.remove_session(session=mid_terms.sourced_id, by=alice)


def test_two_who_change_one_session_are_told(mid_terms: ExamSession, alice: User) -> None:
    change: Any = {"session": mid_terms.sourced_id, "expected_version": 1, "by": alice}
    services.change_session(values={"weight": 2}, **change)
    with pytest.raises(SessionChangedMeanwhile):
        services.change_session(values={"weight": 3}, **change)
