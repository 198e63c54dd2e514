"""Moderations of a paper, each with how its marks are spread before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from apps.accounts.models import User
from apps.examinations.models import Exam, Mark, Moderation
from apps.examinations.selectors.entry import paper_of
from apps.examinations.selectors.grading import Scale, band_of, moderated, rounded, share
from apps.examinations.selectors.sheet import has_passed, scales_of

DECILES = 10
PLACES = 2


@dataclass(frozen=True, slots=True)
class Spread:
    """How percentages are spread: ``deciles`` counts those of [0, 10) … [90, 100]."""

    entered: int
    mean: Decimal | None
    lowest: Decimal | None
    highest: Decimal | None
    passed: int
    deciles: list[int]


def spread_of(exam: Exam, scores: Sequence[Decimal], scale: Scale, factor: Decimal, shift: Decimal) -> Spread:
    """How ``scores`` of a paper are spread once they are moderated so."""
    counted = [moderated(score, factor, shift, exam.max_marks) for score in scores]
    exact = [share(score, exam.max_marks) for score in counted]
    graded = [band_of(scale, each) for each in exact]
    deciles = [0] * DECILES
    for each in exact:
        deciles[min(int(each // DECILES), DECILES - 1)] += 1
    passed = [
        has_passed(score, exam.pass_marks, passing=each.band.passing)
        for score, each in zip(counted, graded, strict=True)
    ]
    mean = rounded(sum(exact, Fraction(0)) / len(exact), PLACES) if exact else None
    lowest, highest = (rounded(each(exact), PLACES) if exact else None for each in (min, max))
    return Spread(len(exact), mean, lowest, highest, sum(passed), deciles)


def moderations_of(paper: UUID, *, by: User) -> list[dict[str, Any]]:
    """Every moderation of a paper, the newest first. Five statements for any number.

    Raises:
        PermissionMissing, OutOfReach, PaperUnknown.
    """
    exam = paper_of(paper, "marks.view", by)
    rows = Moderation.objects.filter(exam=exam).select_related("proposed_by", "applied_by", "reverted_by")
    return told_of(exam, list(rows.order_by("-pk")))


def told_of(exam: Exam, rows: Sequence[Moderation]) -> list[dict[str, Any]]:
    """Moderations of a paper that is at hand, as people read them."""
    scores = scores_of(exam)
    scale = scales_of([exam.scale_id])[exam.scale_id]
    before = spread_of(exam, scores, scale, Decimal(1), Decimal(0))
    return [
        {
            "id": row.sourced_id,
            "state": row.state,
            "factor": row.factor,
            "shift": row.shift,
            "reason": row.reason,
            "proposed_by": str(row.proposed_by),
            "proposed_at": row.proposed_at,
            "applied_by": None if row.applied_by is None else str(row.applied_by),
            "applied_at": row.applied_at,
            "reverted_by": None if row.reverted_by is None else str(row.reverted_by),
            "reverted_at": row.reverted_at,
            "before": before,
            "after": spread_of(exam, scores, scale, row.factor, row.shift),
        }
        for row in rows
    ]


def scores_of(exam: Exam) -> list[Decimal]:
    """The scores of a paper as they were entered."""
    rows = Mark.objects.filter(exam=exam, status=Mark.Status.ENTERED).order_by("pk").values_list("score", flat=True)
    return [score for score in rows if score is not None]
