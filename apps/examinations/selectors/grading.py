"""What a percentage is worth: one function for every surface, exact until it is rounded once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Q

from apps.examinations.errors import ScaleUnknown
from apps.examinations.models import GradingScale

SCORE_PLACES = 2
# Nothing is lost, however many digits there are.
_EXACT = Context(prec=1_000)


@dataclass(frozen=True, slots=True)
class Band:
    """A grade: percentages from ``lower`` to before the next band's. ``points``: its grade point, where it has one."""

    code: str
    name: str
    lower: Decimal
    points: Decimal | None
    passing: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """One version of a scale. ``bands`` from the lowest on, the first from 0; ``decimals``: of a percentage."""

    decimals: int
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Graded:
    """A percentage as people read it, and its grade."""

    percent: Decimal
    band: Band


def rounded(value: Decimal | Fraction, decimals: int) -> Decimal:
    """``value`` to so many places, half up. Exact: nothing before it was rounded, so that this is the only time."""
    numerator, denominator = value.as_integer_ratio()
    # In whole numbers: of sixty marks fractions took a third of what the sheet costs.
    whole = (2 * numerator * 10**decimals + denominator) // (2 * denominator)
    return Decimal(whole).scaleb(-decimals, _EXACT)


def share(score: Decimal, of: Decimal) -> Fraction:
    """``score`` in per cent of ``of``, exactly."""
    (numerator, denominator), (whole, parts) = score.as_integer_ratio(), of.as_integer_ratio()
    return Fraction(numerator * parts * 100, denominator * whole)


def moderated(score: Decimal, factor: Decimal, shift: Decimal, most: Decimal) -> Decimal:
    """What counts of a score: ``score × factor + shift``, half up to two places, within 0 and ``most``."""
    if factor == 1 and not shift:
        return score
    counted = rounded(Fraction(score) * Fraction(factor) + Fraction(shift), SCORE_PLACES)
    return min(max(counted, Decimal(0)), most)


def band_of(scale: Scale, percent: Decimal | Fraction) -> Graded:
    """The one grade of ``percent`` (0 or more, as exact as it is known): rounded half up, then looked up.

    Raises:
        ValueError: below 0.
    """
    shown = rounded(percent, scale.decimals)
    if shown < 0:
        raise ValueError(f"{percent} % is no result.")
    place = bisect_right(scale.bands, shown, key=lambda band: band.lower) - 1
    return Graded(shown, scale.bands[place])


def scale_of(row: GradingScale, its: Iterable[Any] | None = None) -> Scale:
    """A scale with ``its`` bands; one query where they are neither said nor prefetched."""
    bands = sorted(row.bands.all() if its is None else its, key=lambda band: band.lower)
    return Scale(
        row.decimals, tuple(Band(each.code, each.name, each.lower, each.points, each.passing) for each in bands)
    )


def scale_by(condition: Q) -> GradingScale:
    """The one scale for which ``condition`` holds, with its bands. Raises ``ScaleUnknown``."""
    found: Any = GradingScale.objects.prefetch_related("bands").filter(condition).first()
    if found is None:
        raise ScaleUnknown
    scale: GradingScale = found
    return scale
