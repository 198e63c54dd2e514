"""What is still to be marked: by whom, how much of it, and until when."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet

from apps.accounts.models import User
from apps.examinations.models import Exam, Mark
from apps.examinations.selectors.entry import OPEN
from apps.examinations.selectors.timetable import group_of, name_of, papers_in_reach
from apps.staff.models import TeachingAssignment

# How many sit each paper, as of its day.
_SITTING = """
SELECT exam_id, count(DISTINCT student_id) FROM (
    SELECT e.id AS exam_id, m.student_id
      FROM examinations_exam e JOIN students_sectionmembership m ON m.section_id = e.section_id
     WHERE e.id = ANY(%(exams)s) AND m.starts_on <= e.day AND (m.ends_on IS NULL OR m.ends_on > e.day)
    UNION ALL
    SELECT e.id, t.student_id
      FROM examinations_exam e JOIN students_classenrolment t ON t.course_class_id = e.course_class_id
     WHERE e.id = ANY(%(exams)s) AND t.starts_on <= e.day AND (t.ends_on IS NULL OR t.ends_on > e.day)
) sits JOIN students_student st ON st.id = student_id AND st.merged_into_id IS NULL GROUP BY 1
"""


def sitting_counts(exams: Iterable[int]) -> dict[int, int]:
    """Paper → how many sit it, as of its day. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_SITTING, {"exams": list(exams)})
        return dict(cursor.fetchall())


def marked_counts(exams: Iterable[int]) -> dict[int, int]:
    """Paper → how many of them something is entered of. One statement."""
    rows = Mark.objects.filter(exam__in=list(exams)).exclude(status=Mark.Status.NOT_ENTERED).values("exam")
    return {row["exam"]: row["number"] for row in rows.annotate(number=Count("id"))}


def being_marked(day: dt.date) -> Q:
    """Papers that were sat before ``day`` in sessions that are being marked, and that a mark may be missing of."""
    return Q(session__state__in=OPEN, session__results_published_at__isnull=True, standing=True, day__lt=day)


def papers_to_mark(*, by: User, day: dt.date) -> list[dict[str, Any]]:
    """The papers of ``by`` that were sat before ``day`` and that marks are missing of, by when they close.

    Raises:
        PermissionMissing.
    """
    rows = Exam.objects.filter(papers_in_reach(by, "marks.enter"), being_marked(day))
    return told_to_mark(rows)


def told_to_mark(rows: QuerySet[Exam]) -> list[dict[str, Any]]:
    """Those of ``rows`` that marks are missing of. Three statements for any number, one for none."""
    exams = list(rows.select_related("session__term", "section__grade_level", "course_class", "course"))
    if not exams:
        return []
    keys = [exam.pk for exam in exams]
    sitting, marked = sitting_counts(keys), marked_counts(keys)
    found = [
        {
            "exam_id": exam.sourced_id,
            "session_id": exam.session.sourced_id,
            "session": exam.session.name,
            "name": name_of(exam),
            "group": group_of(exam),
            "day": exam.day,
            "students": sitting.get(exam.pk, 0),
            "missing": sitting.get(exam.pk, 0) - marked.get(exam.pk, 0),
            "closes_on": exam.session.term.posting_closes_on,
        }
        for exam in exams
        if marked.get(exam.pk, 0) < sitting.get(exam.pk, 0)
    ]
    return sorted(found, key=lambda row: (row["closes_on"] or dt.date.max, row["day"], row["name"], row["group"]))


def markers_of(exams: Collection[Exam], day: dt.date) -> dict[int, set[int]]:
    """The logins of who marks each paper, by key: who teaches, on ``day``, its class, or its section as a whole or in
    its course. Two statements.
    """
    by_section: dict[int, set[int]] = defaultdict(set)
    by_class: dict[int, set[int]] = defaultdict(set)
    by_course: dict[tuple[int | None, int], set[int]] = defaultdict(set)
    teaching = TeachingAssignment.objects.on(day).filter(staff__user__is_active=True, staff__status="active")
    columns = ("staff__user", "section", "course_class", "course_class__section", "course_class__course")
    sections = {exam.section_id for exam in exams}
    classes = {exam.course_class_id for exam in exams}
    theirs = Q(section__in=sections) | Q(course_class__in=classes) | Q(course_class__section__in=sections)
    for user, section, taught, section_of, course in teaching.filter(theirs).values_list(*columns):
        if section is not None:
            by_section[section].add(user)
        else:
            by_class[taught].add(user)
            by_course[section_of, course].add(user)
    return {
        exam.pk: by_class[exam.course_class_id]
        if exam.course_class_id is not None
        else by_course[exam.section_id, exam.course_id] or by_section[exam.section_id or 0]
        for exam in exams
    }
