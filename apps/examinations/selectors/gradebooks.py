"""Gradebooks as people read them: those in reach for staff, and what is published of a student for their family."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.examinations.errors import GradebookLocked, GradebookUnknown
from apps.examinations.models import Assessment, AssessmentMark, Exam, Gradebook, Mark, MarkChange, ResultPolicy
from apps.examinations.selectors.components import NOTHING, Part
from apps.examinations.selectors.coursework import book_result, term_percent
from apps.examinations.selectors.entry import must_be_posting, who_reopens
from apps.examinations.selectors.grading import moderated, rounded
from apps.examinations.selectors.results import PERCENT_PLACES, average_of, result_policy
from apps.examinations.selectors.sheet import published
from apps.examinations.selectors.timetable import papers_in_reach, student_followed
from apps.institutions.errors import YearIsClosed
from apps.institutions.models import Course, Term
from apps.institutions.selectors import today_at
from apps.institutions.services.teaching import refuse_closed
from apps.students.models import ClassEnrolment, FamilyItem, SectionMembership, Student
from schoolops import clock
from schoolops.errors import Conflict
from schoolops.tenancy.compiled import MOMENT, Compiled, Parameter, any_of

_JOINED = ("term__year__institution", "section__grade_level", "course_class", "course", "policy")
_COUNTING = {Mark.Status.ABSENT: "absent", Mark.Status.MALPRACTICE: "malpractice"}


def gradebooks_seen(*, by: User, permission: str = "marks.view") -> QuerySet[Gradebook]:
    """The gradebooks of sections, classes and courses over which ``by`` holds it. Raises ``PermissionMissing``."""
    return Gradebook.objects.filter(papers_in_reach(by, permission)).select_related(*_JOINED)


def gradebook_of(gradebook: UUID, permission: str, by: User, *, for_update: bool = False) -> Gradebook:
    """One of them. Raises ``PermissionMissing``, ``OutOfReach``, ``GradebookUnknown``."""
    access.require(by, permission)
    rows = Gradebook.objects.select_related(*_JOINED).filter(sourced_id=gradebook)
    found: Gradebook | None = (rows.select_for_update(no_key=True, of=("self",)) if for_update else rows).first()
    if found is None:
        raise GradebookUnknown
    if not Gradebook.objects.filter(papers_in_reach(by, permission), pk=found.pk).exists():
        access.refuse(permission, "row", OutOfReach(), kind="gradebook")
    return found


def must_be_open(book: Gradebook, *, entering: bool = True) -> None:
    """Nothing, when what a gradebook comes to may change now; ``entering``: by marks, which the term has days for.

    Raises:
        YearIsClosed, GradebookLocked, PostingClosed.
    """
    term = book.term
    refuse_closed(term.year)
    if book.reopened_until is not None and book.reopened_until > clock.now():
        return
    campus = term.year.institution_id
    if book.published_at is not None:
        raise GradebookLocked(who=who_reopens(campus))
    closes_on = term.posting_closes_on
    if entering or (closes_on is not None and today_at(term.year.institution) > closes_on):
        must_be_posting(term, campus)


def is_open(book: Gradebook) -> bool:
    """Whether marks may be entered in it now."""
    try:
        must_be_open(book)
    except (Conflict, YearIsClosed):
        return False
    return True


def book_changes(gradebook: UUID, *, by: User) -> QuerySet[MarkChange]:
    """The history of a gradebook's marks. Raises ``PermissionMissing``, ``OutOfReach``, ``GradebookUnknown``."""
    return MarkChange.objects.filter(gradebook=gradebook_of(gradebook, "marks.view", by))


def students_in_book(book: Gradebook) -> list[Student]:
    """Who is in its section or class by now, or was as its term ended, and who is marked in it, by name."""
    today = today_at(book.term.year.institution)
    day = max(book.term.starts_on, min(today, book.term.ends_on))
    there = Q(pk__in=AssessmentMark.objects.filter(assessment__gradebook=book).values("student"))
    if book.course_class_id is not None:
        there |= Q(pk__in=ClassEnrolment.objects.filter(course_class=book.course_class_id).on(day).values("student"))
    else:
        there |= Q(pk__in=SectionMembership.objects.filter(section=book.section_id).on(day).values("student"))
    return list(Student.objects.filter(there, merged_into__isnull=True).order_by("name_key", "pk"))


def gradebook_sheet(gradebook: UUID, *, by: User) -> dict[str, Any]:
    """A gradebook with what is assessed, every student's marks and what they come to by the policy of now.

    As many statements for 60 students as for 5. Raises ``PermissionMissing``, ``OutOfReach``, ``GradebookUnknown``.
    """
    return sheet_of_book(gradebook_of(gradebook, "marks.view", by))


def sheet_of_book(book: Gradebook) -> dict[str, Any]:
    """The same of a gradebook that is at hand, and may be seen."""
    categories, assessments = list(book.categories.all()), list(book.assessments.select_related("category", "resit_of"))
    students = students_in_book(book)
    marks: dict[int, dict[int, Part]] = defaultdict(dict)
    for row in AssessmentMark.objects.filter(assessment__gradebook=book):
        marks[row.student_id][row.assessment_id] = row.status, row.score
    policy = result_policy()
    ids = {each.pk: each.sourced_id for each in assessments}
    records = []
    for student in students:
        theirs = marks[student.pk]
        made = book_result(categories, assessments, theirs, policy)
        cells = []
        for each in assessments:
            status, score = theirs.get(each.pk, NOTHING)
            cells.append({"assessment_id": each.sourced_id, "status": status, "score": score})
        records.append(
            {
                "student_id": student.sourced_id,
                "name": student.full_name,
                "admission_number": student.admission_number,
                "marks": cells,
                "percent": shown(made.percent),
                "bounded": made.bounded,
                "dropped": [ids[key] for each in made.categories for key in each.dropped],
            }
        )
    return {
        **head_of_book(book),
        "open": is_open(book),
        "reopened_until": _reopened(book),
        "extra_up_to": Decimal(policy.extra_up_to),
        "categories": [
            {"name": each.name, "weight": each.weight, "drop_lowest": each.drop_lowest} for each in categories
        ],
        "assessments": [told_of_assessment(each) for each in assessments],
        "records": records,
    }


def head_of_book(book: Gradebook) -> dict[str, Any]:
    """A gradebook without what stands in it."""
    return {
        "id": book.sourced_id,
        "term_id": book.term.sourced_id,
        "term": book.term.name,
        "section_id": book.section.sourced_id if book.section is not None else None,
        "class_id": book.course_class.sourced_id if book.course_class is not None else None,
        "course_id": book.course.sourced_id,
        "course": book.course.title,
        "group": group_of_book(book),
        "published_at": book.published_at,
        "version": book.version,
        "marks_version": book.marks_version,
    }


def _reopened(book: Gradebook) -> dt.datetime | None:
    until = book.reopened_until
    return until if until is not None and until > clock.now() else None


def group_of_book(book: Gradebook) -> str:
    """Its class or section, in words."""
    return str(book.section) if book.course_class is None else book.course_class.title


def told_of_assessment(row: Assessment) -> dict[str, Any]:
    """An assessment as people read it."""
    return {
        "id": row.sourced_id,
        "category": row.category.name,
        "resit_of": row.resit_of.name if row.resit_of is not None else "",
        **{name: getattr(row, name) for name in ("name", "day", "max_marks", "weight", "extra", "resit", "cap")},
    }


def shown(percent: Fraction | None) -> Any:
    """A percentage as people read it: the one rounding."""
    return None if percent is None else rounded(percent, PERCENT_PLACES)


# --- families ---------------------------------------------------------------------------------------------------------
def public_books(now: Any = None) -> Q:
    """Gradebooks that are public by now."""
    return Q(published_at__lte=now or clock.now())


def term_results_followed(student: UUID, *, by: User) -> list[dict[str, Any]]:
    """A student's result in each course and term whose gradebook is published: coursework, exams, and both together.

    Exams are those whose results are public by now. The same number of statements always. Raises ``PermissionMissing``,
    ``OutOfReach``.
    """
    return term_results_told(student_followed(student, FamilyItem.MARKS, by=by).pk)


def term_results_told(child: int) -> list[dict[str, Any]]:
    """The same of a child (by key) of whom they may be seen."""
    return [
        {
            "term_id": each.term.sourced_id,
            "term": each.term.name,
            "course_id": each.course.sourced_id,
            "course": each.course.title,
            "coursework": shown(each.coursework),
            "exams": shown(each.exams),
            "percent": shown(each.percent),
        }
        for each in public_results([child])[child]
        if each.book is not None
    ]


@dataclass(frozen=True, slots=True)
class CourseResult:
    """What gradebook and exams of a course in a term come to, exactly, in percent. ``None``: nothing counts.

    ``book``: the gradebook, where there is one; ``papers``: those of the exams in it.
    """

    term: Term
    course: Course
    book: Gradebook | None
    papers: tuple[Exam, ...]
    coursework: Fraction | None
    exams: Fraction | None
    percent: Fraction | None


Sat = list[tuple[Exam, Mark]]


def course_results(children: Collection[int], *, books: Q, marks: Q) -> dict[int, list[CourseResult]]:
    """Child (by key) → what they have in each course and term, by term and course; every child is there.

    A gradebook counts, and the exams beside it, by the policy that it keeps since it was published; exams alone by
    those of their sessions. What was entered for a record that was merged into a child is the child's, where the kept
    one has nothing. The same number of statements for any number.

    Args:
        books: which gradebooks count.
        marks: which marks of papers.
    """
    theirs = Q(student__in=list(children)) | Q(student__merged_into__in=list(children))
    return _made(children, _entered(_entered_rows(theirs, books)), _sat(_sat_rows(theirs, marks)))


_ENTERED: Compiled[AssessmentMark] = Compiled(
    lambda: _entered_rows(_any_child(), public_books(Parameter("now", MOMENT)))
)
_SAT: Compiled[Mark] = Compiled(lambda: _sat_rows(_any_child(), published(Parameter("now", MOMENT))))


def _any_child() -> Q:
    return Q(any_of("student", "children")) | Q(any_of("student__merged_into", "children"))


def public_results(children: Collection[int]) -> dict[int, list[CourseResult]]:
    """``course_results`` of what is public by now. The same number of statements for any number."""
    asked = {"children": children, "now": clock.now()}
    return _made(children, _entered(_ENTERED.all(**asked)), _sat(_SAT.all(**asked)))


def _made(children: Collection[int], parts: _Parts, papers: _Papers) -> dict[int, list[CourseResult]]:
    keys = {each for theirs in parts.values() for each in theirs}
    books = Gradebook.objects.filter(pk__in=keys).select_related(*_JOINED)
    shelf = {book.pk: book for book in books.prefetch_related("categories", "assessments")} if keys else {}
    found: dict[int, list[CourseResult]] = {}
    for child in children:
        sat, results = papers.get(child, {}), []
        for key, entered in parts.get(child, {}).items():
            results.append(_of_book(shelf[key], entered, sat.get((shelf[key].term_id, shelf[key].course_id), [])))
        kept = {(each.term.pk, each.course.pk) for each in results}
        for of, exams in sat.items():
            if of not in kept:
                first, percent = exams[0][0], _percent(exams, None)
                rows = tuple(exam for exam, _mark in exams)
                results.append(CourseResult(first.session.term, first.course, None, rows, None, percent, percent))
        found[child] = sorted(results, key=_in_order)
    return found


def _in_order(result: CourseResult) -> tuple[Any, ...]:
    return result.term.starts_on, result.term.pk, result.course.title, result.course.pk, result.book and result.book.pk


def _of_book(book: Gradebook, entered: Mapping[int, Part], exams: Sat) -> CourseResult:
    policy = book.policy or ResultPolicy(version=0)
    made = book_result(book.categories.all(), book.assessments.all(), entered, policy)
    percent = _percent(exams, policy)
    both = term_percent(made.percent, percent, policy)
    rows = tuple(exam for exam, _mark in exams)
    return CourseResult(book.term, book.course, book, rows, made.percent, percent, both)


# Child → gradebook → assessment → what is entered.
_Parts = Mapping[int, Mapping[int, Mapping[int, Part]]]
# Child → (term, course) → the papers they are marked in, by session.
_Papers = Mapping[int, Mapping[tuple[int, int], Sat]]


def _entered_rows(theirs: Q, books: Q) -> QuerySet[Any, AssessmentMark]:
    chosen = Gradebook.objects.filter(books).values("pk")
    rows = AssessmentMark.objects.filter(theirs, assessment__gradebook__in=chosen)
    return rows.select_related("student", "assessment").order_by(*_KEPT_LAST)


def _entered(rows: Iterable[AssessmentMark]) -> _Parts:
    found: dict[int, dict[int, dict[int, Part]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        book = found[row.student.merged_into_id or row.student_id][row.assessment.gradebook_id]
        if row.status != Mark.Status.NOT_ENTERED or row.assessment_id not in book:
            book[row.assessment_id] = row.status, row.score
    return found


def _sat_rows(theirs: Q, marks: Q) -> QuerySet[Any, Mark]:
    rows = Mark.objects.filter(theirs, marks).exclude(status=Mark.Status.NOT_ENTERED)
    joined = ("student", "exam__course", "exam__session__term__year__institution", "exam__session__results_policy")
    return rows.select_related(*joined).order_by(*_KEPT_LAST)


def _sat(rows: Iterable[Mark]) -> _Papers:
    kept: dict[tuple[int, int], Mark] = {}
    for mark in rows:
        kept[mark.student.merged_into_id or mark.student_id, mark.exam_id] = mark
    found: dict[int, dict[tuple[int, int], Sat]] = defaultdict(lambda: defaultdict(list))
    for (child, _paper), mark in sorted(kept.items(), key=lambda each: (each[1].exam.day, each[0])):
        found[child][mark.exam.session.term_id, mark.exam.course_id].append((mark.exam, mark))
    return found


_KEPT_LAST = (F("student__merged_into").desc(nulls_last=True), "pk")


def _percent(papers: Sat, policy: ResultPolicy | None) -> Fraction | None:
    """What papers of a course come to: their shares by the weights of sessions, by ``policy`` or that of each."""
    sessions: dict[int, Sat] = defaultdict(list)
    for exam, mark in papers:
        rules = policy or exam.session.results_policy or ResultPolicy(version=0)
        if _counts(mark, rules):
            sessions[exam.session_id].append((exam, mark))
    return average_of(
        [
            (
                Fraction(sat[0][0].session.weight),
                sum((_counted(exam, mark) for exam, mark in sat), Fraction(0))
                / sum((Fraction(exam.max_marks) for exam, _mark in sat), Fraction(0)),
            )
            for sat in sessions.values()
        ]
    )


def _counts(mark: Mark, policy: ResultPolicy) -> bool:
    if mark.status == Mark.Status.ENTERED:
        return True
    name = _COUNTING.get(Mark.Status(mark.status))
    return name is not None and getattr(policy, name) == ResultPolicy.Counts.ZERO


def _counted(exam: Exam, mark: Mark) -> Fraction:
    if mark.score is None:
        return Fraction(0)
    return Fraction(moderated(mark.score, exam.factor, exam.shift, exam.max_marks))
