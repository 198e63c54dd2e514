"""Gradebooks as people read them: those in reach for staff, and what is published of a student for their family."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from apps.access import services as access
from apps.access.errors import OutOfReach
from apps.accounts.models import User
from apps.examinations.errors import GradebookUnknown
from apps.examinations.models import Assessment, AssessmentMark, Exam, Gradebook, Mark, ResultPolicy
from apps.examinations.selectors.components import NOTHING, Part
from apps.examinations.selectors.coursework import BookResult, book_result, term_percent
from apps.examinations.selectors.grading import moderated, rounded
from apps.examinations.selectors.results import PERCENT_PLACES, average_of, result_policy
from apps.examinations.selectors.sheet import published
from apps.examinations.selectors.timetable import papers_in_reach, student_followed
from apps.institutions.selectors import today_at
from apps.students.models import ClassEnrolment, SectionMembership, Student
from schoolops import clock

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
                "percent": _shown(made.percent),
                "dropped": [ids[key] for each in made.categories for key in each.dropped],
            }
        )
    return {
        **head_of_book(book),
        "categories": [
            {"name": each.name, "weight": each.weight, "drop_lowest": each.drop_lowest} for each in categories
        ],
        "assessments": [told_of_assessment(each) for each in assessments],
        "records": records,
    }


def head_of_book(book: Gradebook) -> dict[str, Any]:
    """A gradebook without what stands in it."""
    group = book.course_class or book.section
    return {
        "id": book.sourced_id,
        "term_id": book.term.sourced_id,
        "term": book.term.name,
        "section_id": book.section.sourced_id if book.section is not None else None,
        "class_id": book.course_class.sourced_id if book.course_class is not None else None,
        "course_id": book.course.sourced_id,
        "course": book.course.title,
        "group": getattr(group, "title", None) or str(group),
        "published_at": book.published_at,
        "version": book.version,
        "marks_version": book.marks_version,
    }


def told_of_assessment(row: Assessment) -> dict[str, Any]:
    """An assessment as people read it."""
    return {
        "id": row.sourced_id,
        "category": row.category.name,
        "resit_of": row.resit_of.name if row.resit_of is not None else "",
        **{name: getattr(row, name) for name in ("name", "day", "max_marks", "weight", "extra", "resit", "cap")},
    }


def _shown(percent: Fraction | None) -> Any:
    """The one rounding."""
    return None if percent is None else rounded(percent, PERCENT_PLACES)


# --- families ---------------------------------------------------------------------------------------------------------
def public_books() -> Q:
    """Gradebooks that are public by now."""
    return Q(published_at__lte=clock.now())


def term_results_followed(student: UUID, *, by: User) -> list[dict[str, Any]]:
    """A student's result in each course and term whose gradebook is published: coursework, exams, and both together.

    Exams are those whose results are public by now. The same number of statements always. Raises ``PermissionMissing``,
    ``OutOfReach``.
    """
    child = student_followed(student, by=by)
    rows = Student.objects.filter(Q(pk=child.pk) | Q(merged_into=child.pk))
    records = list(rows.order_by(F("merged_into").desc(nulls_last=True), "pk"))
    return term_results([each.pk for each in records])


def term_results(records: Collection[int]) -> list[dict[str, Any]]:
    """The same of one child, whose records are given, the kept one last: its marks count."""
    marks: dict[int, Part] = {}
    order = {key: place for place, key in enumerate(records)}
    rows = list(AssessmentMark.objects.filter(student__in=list(records)).select_related("assessment"))
    for row in sorted(rows, key=lambda one: order[one.student_id]):
        marks[row.assessment_id] = row.status, row.score
    theirs = Q(pk__in={row.assessment.gradebook_id for row in rows})
    books = list(
        Gradebook.objects.filter(theirs, public_books())
        .select_related(*_JOINED)
        .prefetch_related("categories", "assessments")
        .order_by("term__starts_on", "course__title", "pk")
    )
    exams = _exams_of(records, books)
    found = []
    for book in books:
        policy = book.policy or ResultPolicy(version=0)
        made: BookResult = book_result(book.categories.all(), book.assessments.all(), marks, policy)
        of_exams = exams(book, policy)
        found.append(
            {
                "term_id": book.term.sourced_id,
                "term": book.term.name,
                "course_id": book.course.sourced_id,
                "course": book.course.title,
                "coursework": _shown(made.percent),
                "exams": _shown(of_exams),
                "percent": _shown(term_percent(made.percent, of_exams, policy)),
            }
        )
    return found


def _exams_of(records: Collection[int], books: Iterable[Gradebook]) -> Any:
    """What the published papers of a child come to by book and policy: their shares by the weights of sessions."""
    terms = {book.term_id for book in books}
    papers: dict[tuple[int, int], dict[int, list[tuple[Exam, Mark]]]] = defaultdict(lambda: defaultdict(list))
    marks: dict[int, Mark] = {}
    rows = Mark.objects.filter(published(), student__in=list(records), exam__session__term__in=terms)
    order = {key: place for place, key in enumerate(records)}
    for mark in sorted(rows.select_related("exam__session"), key=lambda one: order[one.student_id]):
        marks[mark.exam_id] = mark
    for mark in marks.values():
        exam = mark.exam
        papers[exam.session.term_id, exam.course_id][exam.session_id].append((exam, mark))

    def percent(book: Gradebook, policy: ResultPolicy) -> Fraction | None:
        shares = []
        for sat in papers[book.term_id, book.course_id].values():
            counting = [(exam, mark) for exam, mark in sat if _counts(mark, policy)]
            most = sum((Fraction(exam.max_marks) for exam, _ in counting), Fraction(0))
            earned = sum((_counted(exam, mark) for exam, mark in counting), Fraction(0))
            if most:
                shares.append((Fraction(counting[0][0].session.weight), earned / most))
        return average_of(shares)

    return percent


def _counts(mark: Mark, policy: ResultPolicy) -> bool:
    if mark.status == Mark.Status.ENTERED:
        return True
    name = _COUNTING.get(Mark.Status(mark.status))
    return name is not None and getattr(policy, name) == ResultPolicy.Counts.ZERO


def _counted(exam: Exam, mark: Mark) -> Fraction:
    if mark.score is None:
        return Fraction(0)
    return Fraction(moderated(mark.score, exam.factor, exam.shift, exam.max_marks))
