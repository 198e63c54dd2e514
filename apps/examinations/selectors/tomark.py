"""What is still to be marked: by whom, how much of it, and until when."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.examinations.models import Exam, Mark
from apps.examinations.selectors.entry import OPEN
from apps.examinations.selectors.timetable import asked_papers, group_of, name_of, papers_in_reach
from apps.staff.models import TeachingAssignment
from apps.students.models import ClassEnrolment, SectionMembership
from schoolops.tenancy.compiled import DAY, Compiled, Parameter, any_of, by_shape


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of a paper: how many sit it as of its day, of how many something is entered, and of how many nothing is that sit
    it. Of who has left since a mark may stand.
    """

    sitting: int = 0
    marked: int = 0
    missing: int = 0


def numbers_of(exams: Iterable[int]) -> dict[int, Numbers]:
    """By key of a paper. One statement for any number."""
    return {key: Numbers(*numbers) for key, *numbers in _NUMBERS.all(exams=list(exams))}


def _numbers() -> QuerySet[Exam, tuple[int, ...]]:
    return Exam.objects.filter(any_of("pk", "exams")).values_list(
        "pk",
        _number(_sitting(SectionMembership, "section"), "section")
        + _number(_sitting(ClassEnrolment, "course_class"), "course_class"),
        _number(_entered(exam=OuterRef("pk")), "exam"),
        _number(_unentered(SectionMembership, "section"), "section")
        + _number(_unentered(ClassEnrolment, "course_class"), "course_class"),
    )


_NUMBERS: Compiled[tuple[int, ...]] = Compiled(_numbers)


def _sitting(places: type[SectionMembership | ClassEnrolment], group: str) -> QuerySet[Any]:
    # A record that was merged keeps its past; the child is counted as the one that was kept.
    there = places.objects.filter(**{group: OuterRef(group)}, student__merged_into__isnull=True)
    return there.on(OuterRef("day"))


def _entered(**asked: Any) -> QuerySet[Mark]:
    return Mark.objects.filter(**asked).exclude(status=Mark.Status.NOT_ENTERED)


def _unentered(places: type[SectionMembership | ClassEnrolment], group: str) -> QuerySet[Any]:
    entered = _entered(exam=OuterRef(OuterRef("pk")), student=OuterRef("student"))
    return _sitting(places, group).filter(~Exists(entered))


def _number(rows: QuerySet[Any], of: str) -> Coalesce:
    number = rows.order_by().values(of).values(number=Count("student", distinct=True))
    return Coalesce(Subquery(number), Value(0))


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


def _unmarked(rows: QuerySet[Exam]) -> QuerySet[Exam]:
    by_section, by_class = _unentered(SectionMembership, "section"), _unentered(ClassEnrolment, "course_class")
    return rows.filter(Exists(by_section) | Exists(by_class)).order_by()


def told_to_mark(rows: QuerySet[Exam]) -> list[dict[str, Any]]:
    """Those of ``rows`` that marks are missing of. Two statements."""
    exams = list(rows.select_related("session__term", "section__grade_level", "course_class", "course"))
    numbers = numbers_of(exam.pk for exam in exams)
    found = [
        {
            "exam_id": exam.sourced_id,
            "session_id": exam.session.sourced_id,
            "session": exam.session.name,
            "name": name_of(exam),
            "group": group_of(exam),
            "day": exam.day,
            "students": numbers[exam.pk].sitting,
            "missing": numbers[exam.pk].missing,
            "closes_on": exam.session.term.posting_closes_on,
        }
        for exam in exams
        if numbers[exam.pk].missing
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
