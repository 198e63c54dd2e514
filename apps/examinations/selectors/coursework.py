"""What a gradebook comes to: plain arithmetic, exact until the one rounding at the end.

Every share is of 1. Excused and not entered never count; an absence and malpractice as the policy says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from apps.examinations.models import Assessment, AssessmentCategory, Mark, ResultPolicy
from apps.examinations.selectors.components import Part

Resit, Status, Counts = Assessment.Resit, Mark.Status, ResultPolicy.Counts
HUNDRED = Fraction(100)


@dataclass(frozen=True, slots=True)
class CategoryResult:
    """What a category comes to: ``share`` of ``weights``, the denominator; ``dropped``: assessments by key."""

    category: int
    share: Fraction | None
    weights: Fraction
    counted: int
    dropped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BookResult:
    """What a student's gradebook comes to, in percent, exactly; ``None``: nothing counts.

    ``bounded``: with what is extra it would be more than the policy lets a gradebook come to.
    """

    percent: Fraction | None
    categories: list[CategoryResult] = field(default_factory=list)
    bounded: bool = False


def book_result(
    categories: Iterable[AssessmentCategory],
    assessments: Iterable[Assessment],
    marks: Mapping[int, Part],
    policy: ResultPolicy,
) -> BookResult:
    """A student's gradebook from ``marks``, assessment (by key) → what is entered of it.

    The weighted average of the categories in which something counts, by their weights.
    """
    by_category: dict[int, list[Assessment]] = defaultdict(list)
    for each in assessments:
        by_category[each.category_id].append(each)
    results, weighed = [], []
    for category in categories:
        made = category_result(category, by_category[category.pk], marks, policy)
        results.append(made)
        if made.share is not None:
            weighed.append((Fraction(category.weight), made.share))
    weights = sum((weight for weight, _ in weighed), Fraction(0))
    earned = sum((weight * share for weight, share in weighed), Fraction(0))
    if not weights:
        return BookResult(None, results)
    percent, most = earned / weights * HUNDRED, Fraction(policy.extra_up_to)
    return BookResult(min(percent, most), results, percent > most)


def category_result(
    category: AssessmentCategory, assessments: Sequence[Assessment], marks: Mapping[int, Part], policy: ResultPolicy
) -> CategoryResult:
    """Its assessments by their weights, without the lowest shares that it drops; one of them always counts.

    The denominator is the weights of what counts and is not dropped; what is extra is added to the numerator alone.
    """
    resits: dict[int, list[Assessment]] = defaultdict(list)
    for each in assessments:
        if each.resit_of_id is not None:
            resits[each.resit_of_id].append(each)
    counting = []
    extra = Fraction(0)
    for each in assessments:
        if each.resit_of_id is not None:
            continue
        share = _share(each, marks, policy)
        for again in sorted(resits[each.pk], key=lambda one: (one.position, one.pk or 0)):
            share = _sat_again(share, again, marks)
        if share is None:
            continue
        if each.extra:
            extra += Fraction(each.weight) * share
        else:
            counting.append((share, Fraction(each.weight), each))
    # Of equal shares that with the greater weight goes first, then as they stand: the order of entry is nothing.
    counting.sort(key=lambda one: (one[0], -one[1], one[2].position, one[2].pk or 0))
    dropping = min(category.drop_lowest, max(len(counting) - 1, 0))
    dropped, kept = counting[:dropping], counting[dropping:]
    weights = sum((weight for _, weight, _ in kept), Fraction(0))
    earned = sum((weight * share for share, weight, _ in kept), extra)
    gone = tuple(each.pk for _, _, each in dropped)
    return CategoryResult(category.pk, earned / weights if weights else None, weights, len(kept), gone)


def _share(assessment: Assessment, marks: Mapping[int, Part], policy: ResultPolicy) -> Fraction | None:
    status, score = marks.get(assessment.pk, (Status.NOT_ENTERED, None))
    if status == Status.ENTERED and score is not None:
        return Fraction(score) / Fraction(assessment.max_marks)
    counts = {Status.ABSENT: policy.absent, Status.MALPRACTICE: policy.malpractice}.get(Status(status))
    # Nobody earns less by not being there for what is extra.
    return Fraction(0) if counts == Counts.ZERO else None


def _sat_again(first: Fraction | None, again: Assessment, marks: Mapping[int, Part]) -> Fraction | None:
    """The share once it is sat again: who has no score there keeps the first, and of no first the second counts."""
    status, score = marks.get(again.pk, (Status.NOT_ENTERED, None))
    if status != Status.ENTERED or score is None:
        return first
    second = Fraction(score) / Fraction(again.max_marks)
    if again.resit == Resit.CAPPED:
        second = min(second, Fraction(again.cap or 0) / HUNDRED)
        return second if first is None else max(first, second)
    return (first + second) / 2 if again.resit == Resit.AVERAGED and first is not None else second


def term_percent(book: Fraction | None, exams: Fraction | None, policy: ResultPolicy) -> Fraction | None:
    """Coursework and exams of a course in a term by the policy's weights, in percent, exactly; one alone is all."""
    if book is None or exams is None:
        return book if exams is None else exams
    weight = Fraction(policy.coursework)
    return (weight * book + (HUNDRED - weight) * exams) / HUNDRED
