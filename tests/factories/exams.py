"""Exam sessions and papers for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.accounts.models import User
from apps.examinations import selectors, services
from apps.examinations.models import Exam, ExamSession, GradingScale, Mark
from apps.institutions.models import Course, CourseClass, Section
from apps.students.models import Student
from tests.factories.people import SCHOOL_DAY, SCHOOL_MOMENT, Campus

LONG_BEFORE = SCHOOL_MOMENT - dt.timedelta(days=30)


def a_scale(name: str = "Letter grades") -> GradingScale:
    """A scale that every school begins with, in use."""
    found: GradingScale = GradingScale.objects.get(name=name, retired=False)
    return found


def a_course(campus: Campus, title: str = "Mathematics") -> Course:
    """A course of the campus, the same one every time."""
    found, _ = Course.objects.get_or_create(institution=campus.institution, title=title, defaults={"code": title})
    course: Course = found
    return course


def an_exam_session(campus: Campus, *, by: User, name: str = "Mid-terms", **values: Any) -> ExamSession:
    """A draft session of the first term; ``values`` are written as they are, as ``state="marking"``."""
    session = services.add_session(term=campus.terms[0], values={"name": name, "kind": "mid-term"}, by=by)
    for field, value in values.items():
        setattr(session, field, value)
    session.save()
    return session


def said(group: Section | CourseClass, course: Course | None = None, **more: Any) -> services.Paper:
    """What is said of a paper: on the school day from nine to half past ten, 80 marks, by letters."""
    whose = (
        {"section_id": group.sourced_id, "course_id": course and course.sourced_id}
        if isinstance(group, Section)
        else {"class_id": group.sourced_id}
    )
    usual = {
        "day": SCHOOL_DAY, "starts_at": dt.time(9), "ends_at": dt.time(10, 30), "max_marks": Decimal(80),
    }  # fmt: skip
    return services.Paper(**{**usual, **whose, "scale_id": a_scale().sourced_id, **more})


def a_paper(
    session: ExamSession, group: Section | CourseClass, course: Course | None = None, *, by: User, **more: Any
) -> Exam:
    """One paper of a session."""
    (exam,) = services.add_papers(session=session.sourced_id, papers=[said(group, course, **more)], by=by)
    return exam


def written(paper: Exam, marks: Mapping[Student, str], *, text: bool = False) -> list[Any]:
    """Everybody who sits ``paper``: a score or a status of whom ``marks`` names; as a body's records with ``text``."""
    statuses = set(Mark.Status.values)
    found = []
    for student in Student.objects.filter(selectors.sitting(paper)).order_by("pk"):
        said = marks.get(student, "")
        status, score = (said, None) if said in statuses else (None, said or None)
        found.append(services.Written(student.sourced_id, score, status))
    if not text:
        return found
    return [{"student_id": str(each.student_id), "score": each.score, "status": each.status} for each in found]


def enter(paper: Exam, marks: Mapping[Student, str], *, by: User, version: int = 0) -> Exam:
    """Enter (or, with a version, correct) the marks of a paper; who is not named is not entered."""
    return services.enter_marks(paper=paper.sourced_id, marks=written(paper, marks), expected_version=version, by=by)
