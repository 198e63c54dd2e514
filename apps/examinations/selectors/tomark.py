"""What is still to be marked: by whom, how much of it, and until when."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypedDict

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.examinations.models import Exam, Mark
from apps.examinations.selectors.entry import OPEN
from apps.examinations.selectors.timetable import asked_papers, group_of, name_of, papers_in_reach
from apps.staff.models import TeachingAssignment
from apps.students.models import ClassEnrolment, SectionMembership
from schoolops.tenancy.compiled import DAY, Compiled, Parameter, by_shape

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class Numbers(TypedDict):
    """What ``counted`` adds to a paper."""

    sitting: int
    marked: int


def counted(rows: QuerySet[Exam]) -> QuerySet[WithAnnotations[Exam, Numbers]]:
    """``rows``, each with how many sit it as of its day, and of how many of them something is entered."""
    return rows.annotate(
        sitting=_students(SectionMembership, "section") + _students(ClassEnrolment, "course_class"),
        marked=_number(Mark.objects.filter(exam=OuterRef("pk")).exclude(status=Mark.Status.NOT_ENTERED), "exam", "pk"),
    )


def _students(places: type[SectionMembership | ClassEnrolment], group: str) -> Coalesce:
    # A record that was merged keeps its past; the child is counted as the one that was kept.
    there = places.objects.filter(**{group: OuterRef(group)}, student__merged_into__isnull=True).on(OuterRef("day"))
    return _number(there, group, "student")


def _number(rows: QuerySet[Any], of: str, what: str) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values(of).values(number=Count(what, distinct=True))), Value(0))


def being_marked(day: Any) -> Q:
    """Papers that were sat before ``day`` in sessions that are being marked, and that a mark may be missing of."""
    return Q(session__state__in=OPEN, session__results_published_at__isnull=True, standing=True, day__lt=day)


def papers_to_mark(*, by: User, day: dt.date) -> list[dict[str, Any]]:
    """The papers of ``by`` that were sat before ``day`` and that marks are missing of, by when they close.

    Raises:
        PermissionMissing.
    """
    rows = Exam.objects.filter(papers_in_reach(by, "marks.enter"), being_marked(day))
    return told_to_mark(rows)


def number_to_mark(*, by: User, day: dt.date) -> int:
    """How many ``papers_to_mark`` there are. One statement. Raises ``PermissionMissing``."""
    asked = asked_papers(by, "marks.enter")
    if asked is None:
        return _unmarked(Exam.objects.filter(papers_in_reach(by, "marks.enter"), being_marked(day))).count()
    compiled: Compiled[int] = by_shape(
        ("examinations.to_mark", asked.shape),
        lambda: _unmarked(Exam.objects.filter(asked.rows(), being_marked(Parameter("day", DAY)))).values_list(
            "pk", flat=True
        ),
    )
    return len(compiled.all(**asked.values, day=day))


def _unmarked(rows: QuerySet[Exam]) -> QuerySet[WithAnnotations[Exam, Numbers]]:
    return counted(rows).filter(marked__lt=F("sitting")).order_by()


def told_to_mark(rows: QuerySet[Exam]) -> list[dict[str, Any]]:
    """Those of ``rows`` that marks are missing of. One statement."""
    exams = _unmarked(rows).select_related("session__term", "section__grade_level", "course_class", "course")
    found = [
        {
            "exam_id": exam.sourced_id,
            "session_id": exam.session.sourced_id,
            "session": exam.session.name,
            "name": name_of(exam),
            "group": group_of(exam),
            "day": exam.day,
            "students": exam.sitting,
            "missing": exam.sitting - exam.marked,
            "closes_on": exam.session.term.posting_closes_on,
        }
        for exam in exams
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
