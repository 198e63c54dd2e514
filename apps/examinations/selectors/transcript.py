"""A student's transcript: what is published of them over years, by campus, year and term."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from apps.accounts.models import User
from apps.examinations.models import SessionResult
from apps.examinations.selectors.gradebooks import CourseResult, group_of_book, public_results, shown
from apps.examinations.selectors.grading import Scale, band_of, rounded
from apps.examinations.selectors.results import PERCENT_PLACES, RESULT, average_of, results_published
from apps.examinations.selectors.sheet import scales_of
from apps.examinations.selectors.timetable import student_followed
from apps.institutions.models import AcademicYear, Term
from apps.students.models import Enrolment, FamilyItem, Student


def transcript_followed(student: UUID, *, by: User) -> dict[str, Any]:
    """What is published of a student by now, the same for whoever asks: every year with some of it, the first first.

    Of a term each course with its gradebook and exams, the sessions, and the average of these by their weights. What
    stands on a record that was merged into the student's is theirs. The same number of statements for any number of
    years. Raises ``PermissionMissing``, ``OutOfReach``.
    """
    child: Student = Student.objects.get(pk=student_followed(student, FamilyItem.CARDS, by=by).pk)
    courses: dict[Term, list[CourseResult]] = defaultdict(list)
    for each in public_results([child.pk])[child.pk]:
        courses[each.term].append(each)
    sessions: dict[Term, list[SessionResult]] = defaultdict(list)
    for row in _sessions(child):
        sessions[row.session.term].append(row)
    scales = scales_of(paper.scale_id for theirs in courses.values() for each in theirs for paper in each.papers)
    years: dict[AcademicYear, list[Term]] = defaultdict(list)
    for term in sorted({*courses, *sessions}, key=lambda each: (each.starts_on, each.pk)):
        years[term.year].append(term)
    stays = _enrolments(child, years)
    return {
        "student_id": child.sourced_id,
        "name": child.full_name,
        "admission_number": child.admission_number,
        "years": [
            {
                "year_id": year.sourced_id,
                "year": year.name,
                "institution_id": year.institution.sourced_id,
                "institution": year.institution.name,
                "enrolments": stays[year.pk],
                "terms": [_term(term, courses[term], sessions[term], scales) for term in terms],
            }
            for year, terms in years.items()
        ],
    }


def _sessions(child: Student) -> list[SessionResult]:
    """Each public session's result, the kept record's where both have one."""
    rows = SessionResult.objects.filter(
        results_published(), Q(student=child.pk) | Q(student__merged_into=child.pk)
    ).select_related("session__term__year__institution")
    kept_last = rows.order_by(F("student__merged_into").desc(nulls_last=True), "session_id")
    return sorted({row.session_id: row for row in kept_last}.values(), key=lambda row: row.session_id)


def _enrolments(child: Student, years: Iterable[AcademicYear]) -> dict[int, list[dict[str, Any]]]:
    """Year (by key) → in which grade level the student was from when on, and until before when."""
    rows = Enrolment.objects.filter(Q(student=child.pk) | Q(student__merged_into=child.pk), primary=True)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.filter(year__in=[each.pk for each in years]).select_related("grade_level").order_by("entered_on"):
        if row.entered_on != row.exited_on:
            found[row.year_id].append(
                {"grade_level": row.grade_level.name, "entered_on": row.entered_on, "exited_on": row.exited_on}
            )
    return found


def _term(
    term: Term, courses: list[CourseResult], sessions: list[SessionResult], scales: Mapping[int, Scale]
) -> dict[str, Any]:
    weighed = [
        (Fraction(row.session.weight), Fraction(row.total) / Fraction(row.out_of)) for row in sessions if row.out_of
    ]
    average = average_of(weighed)
    return {
        "term_id": term.sourced_id,
        "term": term.name,
        "percent": None if average is None else rounded(average, PERCENT_PLACES),
        "courses": [
            {
                "course_id": each.course.sourced_id,
                "course": each.course.title,
                "group": group_of_book(each.book) if each.book is not None else "",
                "coursework": shown(each.coursework),
                "exams": shown(each.exams),
                "percent": shown(each.percent),
                "grade": grade_of(each, scales),
            }
            for each in courses
        ],
        "sessions": [
            {
                "session_id": row.session.sourced_id,
                "session": row.session.name,
                "kind": row.session.kind,
                "weight": row.session.weight,
                **{name: getattr(row, name) for name in RESULT},
            }
            for row in sessions
        ],
    }


def grade_of(result: CourseResult, scales: Mapping[int, Scale]) -> str | None:
    """The grade of a course in a term by the scale of its papers, where they have one and the same."""
    used = {paper.scale_id for paper in result.papers}
    if len(used) != 1 or result.percent is None:
        return None
    return band_of(scales[used.pop()], result.percent).band.code
