"""Components of a paper: which there are, what their marks come to, and how each went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from apps.accounts.models import User
from apps.examinations.models import ComponentMark, Exam, ExamComponent, Mark, ResultPolicy
from apps.examinations.selectors.entry import paper_of
from apps.examinations.selectors.grading import SCORE_PLACES, rounded, share
from apps.examinations.selectors.reading import cell_of

Counts, Status = ResultPolicy.Counts, Mark.Status
Part = tuple[str, Decimal | None]
NOTHING: Part = (Status.NOT_ENTERED, None)
PLACES = 2


def components_of(exam: Exam) -> list[ExamComponent]:
    """What a paper is made of, in order. No statement where it has one mark."""
    return list(exam.components.all()) if exam.parts else []


def total_of(exam: Exam, components: Iterable[ExamComponent], parts: Mapping[int, Part]) -> Part:
    """The mark of a paper that its components come to.

    While one of them is not entered, it is not. What is exempt leaves the denominator, and an absence as the paper
    says; malpractice counts with no marks. Of who has no score at all the gravest status is the paper's. The score is
    the weighted average of the shares, of the paper's marks, half up to two places once, as a mark is written.
    """
    said = [(component, *parts.get(component.pk, NOTHING)) for component in components]
    statuses = {status for _, status, _ in said}
    if Status.NOT_ENTERED in statuses or not said:
        return NOTHING
    if Status.ENTERED not in statuses:
        return next(each for each in (Status.MALPRACTICE, Status.ABSENT, Status.EXEMPT) if each in statuses), None
    left_out = {Status.EXEMPT} | ({Status.ABSENT} if exam.parts_absent == Counts.LEFT_OUT else set())
    counting = [(component, score or Decimal(0)) for component, status, score in said if status not in left_out]
    weights = sum((Fraction(component.weight) for component, _ in counting), Fraction(0))
    earned = sum(
        (Fraction(one.weight) * Fraction(score) / Fraction(one.max_marks) for one, score in counting), Fraction(0)
    )
    return Status.ENTERED, rounded(earned / weights * Fraction(exam.max_marks), SCORE_PLACES)


def parts_of(exam: Exam) -> dict[int, dict[int, Part]]:
    """Student → component → what is entered of it. One statement; none where the paper has one mark."""
    found: dict[int, dict[int, Part]] = defaultdict(dict)
    if exam.parts:
        rows = ComponentMark.objects.filter(component__exam=exam)
        for student, component, status, score in rows.values_list("student", "component", "status", "score"):
            found[student][component] = status, score
    return found


def cells_of(components: Sequence[ExamComponent], parts: Mapping[int, Part]) -> list[dict[str, Any]]:
    """A student's marks by component, in order."""
    told = []
    for component in components:
        status, score = parts.get(component.pk, NOTHING)
        told.append({"component_id": component.sourced_id, "status": status, "score": score})
    return told


def parts_in_words(components: Iterable[ExamComponent], parts: Mapping[int, Part]) -> dict[str, str]:
    """What is entered of a student by component, as the history of marks keeps it: id → the words of a cell."""
    said = {str(each.sourced_id): cell_of(*parts.get(each.pk, NOTHING)) for each in components}
    return {component: cell for component, cell in said.items() if cell}


def told_of_components(components: Sequence[ExamComponent]) -> list[dict[str, Any]]:
    """Components as people read them."""
    return [
        {"id": each.sourced_id, "name": each.name, "max_marks": each.max_marks, "weight": each.weight}
        for each in components
    ]


def outcomes_of(exams: Sequence[Exam]) -> dict[int, list[dict[str, Any]]]:
    """Paper → each component and how it went: the mean, the lowest and highest in percent. Two statements for any."""
    with_parts = [exam.pk for exam in exams if exam.parts]
    if not with_parts:
        return {}
    scores: dict[int, list[Fraction]] = defaultdict(list)
    absent: dict[int, int] = defaultdict(int)
    marks = ComponentMark.objects.filter(component__exam__in=with_parts, student__merged_into__isnull=True)
    for component, status, score, most in marks.values_list("component", "status", "score", "max_marks"):
        if score is not None:
            scores[component].append(share(score, most))
        absent[component] += status == Status.ABSENT
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = list(ExamComponent.objects.filter(exam__in=with_parts).order_by("exam", "position", "pk"))
    for row, told in zip(rows, told_of_components(rows), strict=True):
        shares = scores[row.pk]
        mean = rounded(sum(shares, Fraction(0)) / len(shares), PLACES) if shares else None
        lowest, highest = (rounded(each(shares), PLACES) if shares else None for each in (min, max))
        found[row.exam_id].append(
            {**told, "entered": len(shares), "absent": absent[row.pk], "mean": mean}
            | {"lowest": lowest, "highest": highest}
        )
    return found


def components_seen(paper: UUID, *, by: User) -> dict[str, Any]:
    """What a paper is made of, with how each component went.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown.
    """
    return told_of_paper(paper_of(paper, "marks.view", by))


def told_of_paper(exam: Exam) -> dict[str, Any]:
    """The same of a paper that is at hand, and may be seen."""
    return {
        "exam_id": exam.sourced_id,
        "version": exam.version,
        "absent": exam.parts_absent,
        "components": outcomes_of([exam]).get(exam.pk, []),
    }
