"""Grading scales: a change is a new version, and the one before stays as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.access import services as access
from apps.accounts.models import User
from apps.examinations.errors import BandsRefused, ScaleNameTaken, ScaleRetired, ScaleUnknown
from apps.examinations.models import GradeBand, GradingScale
from schoolops.audit import trail
from schoolops.constraints import explains
from schoolops.errors import FieldError
from schoolops.seeds import first_time, seeds_a_school

Kind = GradingScale.Kind


@dataclass(frozen=True, slots=True)
class NewBand:
    """A grade from ``lower`` percent on, to where the next one begins."""

    code: str
    lower: Decimal
    name: str = ""
    points: Decimal | None = None
    passing: bool = True


@dataclass(frozen=True, slots=True)
class FirstScale:
    """A scale that a new school starts with. ``bands``: code, from how many percent on, name, whether it passes."""

    name: str
    kind: GradingScale.Kind
    bands: tuple[tuple[str, int, str, bool], ...]


FIRST_SCALES: tuple[FirstScale, ...] = (
    FirstScale(
        "Letter grades",
        Kind.LETTER,
        (
            ("A*", 90, "Outstanding", True),
            ("A", 80, "Excellent", True),
            ("B", 70, "Good", True),
            ("C", 60, "Satisfactory", True),
            ("D", 50, "Sufficient", True),
            ("F", 0, "Not sufficient", False),
        ),
    ),
    FirstScale(
        "One to seven",
        Kind.NUMERIC,
        (
            ("7", 85, "", True),
            ("6", 75, "", True),
            ("5", 65, "", True),
            ("4", 50, "", True),
            ("3", 35, "", False),
            ("2", 20, "", False),
            ("1", 0, "", False),
        ),
    ),
    FirstScale("Pass or fail", Kind.PASS_FAIL, (("Pass", 50, "", True), ("Fail", 0, "", False))),
    FirstScale(
        "In words",
        Kind.DESCRIPTIVE,
        (
            ("Exceeding", 85, "Beyond what is expected", True),
            ("Secure", 60, "As expected", True),
            ("Developing", 40, "On the way", True),
            ("Beginning", 0, "Needs support", False),
        ),
    ),
)


@seeds_a_school(order=45, contents=lambda: FIRST_SCALES)
def seed_scales() -> None:
    """The scales that the school was never offered. What it made of those it has, and scales of its own, stay."""
    fresh = set(first_time("grading-scales", [first.name for first in FIRST_SCALES]))
    fresh -= set(GradingScale.objects.filter(name__in=fresh).values_list("name", flat=True))
    for first in FIRST_SCALES:
        if first.name in fresh:
            bands = [NewBand(code, Decimal(lower), name, None, passing) for code, lower, name, passing in first.bands]
            _write(GradingScale(name=first.name, kind=first.kind), bands)


@transaction.atomic
def add_scale(*, name: str, kind: str, decimals: int, bands: Sequence[NewBand], by: User) -> GradingScale:
    """Add a scale, at version 1.

    Raises:
        PermissionMissing, OutOfReach, ScaleNameTaken, BandsRefused.
    """
    access.require_everywhere(by, "exams.configure")
    if GradingScale.objects.filter(name=name).exists():
        raise ScaleNameTaken(name=name)
    scale = GradingScale(name=name, kind=kind, decimals=decimals)
    # One by the fold: “letter grades” is there already, and which of the two is broken first is the database's matter.
    with explains(dict.fromkeys(("scale_version_once", "scale_one_current"), lambda: ScaleNameTaken(name=name))):
        _write(scale, bands)
    trail.record(by, "examinations.scale-added", scale, after=_told(scale, bands))
    return scale


@transaction.atomic
def add_scale_version(*, scale: UUID, kind: str, decimals: int, bands: Sequence[NewBand], by: User) -> GradingScale:
    """Put a new version in the place of ``scale``, which is retired: papers keep the version they were set with.

    Raises:
        PermissionMissing, OutOfReach, ScaleUnknown, ScaleRetired, BandsRefused.
    """
    earlier = _current(scale, by)
    earlier.retired = True
    earlier.save(update_fields=["retired"])
    made = GradingScale(name=earlier.name, version=earlier.version + 1, kind=kind, decimals=decimals)
    _write(made, bands)
    before = {"scale": earlier.sourced_id, "version": earlier.version}
    trail.record(by, "examinations.scale-version-added", made, before=before, after=_told(made, bands))
    return made


@transaction.atomic
def retire_scale(*, scale: UUID, by: User) -> GradingScale:
    """Let no new paper be graded by this scale.

    Raises:
        PermissionMissing, OutOfReach, ScaleUnknown, ScaleRetired.
    """
    found = _current(scale, by)
    found.retired = True
    found.save(update_fields=["retired"])
    trail.record(by, "examinations.scale-retired", found, before={"retired": False}, after={"retired": True})
    return found


def _current(scale: UUID, by: User) -> GradingScale:
    access.require_everywhere(by, "exams.configure")
    found: GradingScale | None = GradingScale.objects.select_for_update(no_key=True).filter(sourced_id=scale).first()
    if found is None:
        raise ScaleUnknown
    if found.retired:
        raise ScaleRetired(name=found.name)
    return found


def _write(scale: GradingScale, bands: Sequence[NewBand]) -> None:
    """Save ``scale`` with its bands, each to where the next begins. Raises ``BandsRefused`` with an error per band."""
    refused = list(_refused(scale, bands))
    if refused:
        raise BandsRefused(errors=refused)
    ordered = sorted(bands, key=lambda band: band.lower)
    ends = [*(above.lower for _, above in pairwise(ordered)), None]
    # What is refused above never comes so far; the database has the last word.
    with explains({"examinations_scale_whole": BandsRefused}, deferred={"examinations_scale_whole"}):
        scale.save(force_insert=True)
        GradeBand.objects.bulk_create(
            GradeBand(scale=scale, upper=end, **asdict(band)) for band, end in zip(ordered, ends, strict=True)
        )


def _refused(scale: GradingScale, bands: Sequence[NewBand]) -> list[FieldError]:
    refused = []
    codes, lowers = Counter(band.code for band in bands), Counter(band.lower for band in bands)
    for number, band in enumerate(bands):
        where = f"bands.{number}"
        if codes[band.code] > 1:
            refused.append(FieldError(f"{where}.code", "named-twice", "{code} is two bands.", {"code": band.code}))
        if lowers[band.lower] > 1:
            refused.append(
                FieldError(f"{where}.lower", "begins-twice", "Two bands begin at {lower} %.", {"lower": band.lower})
            )
        if scale.kind == Kind.NUMERIC and not band.code.replace(".", "", 1).isdecimal():
            refused.append(
                FieldError(
                    f"{where}.code", "not-a-number", "{code} is no number, as in a numeric scale.", {"code": band.code}
                )
            )
    if min(lowers, default=None) != 0:
        refused.append(FieldError("bands", "begins-above-zero", "The lowest band begins at 0 %."))
    passing = sorted(band.passing for band in bands)
    if scale.kind == Kind.PASS_FAIL and passing != [False, True]:
        refused.append(
            FieldError(
                "bands", "not-pass-and-fail", "A pass-fail scale has one band that passes and one that does not."
            )
        )
    # Passing is a matter of more, never of less.
    ordered = [band.passing for band in sorted(bands, key=lambda band: band.lower)]
    if ordered != sorted(ordered):
        refused.append(FieldError("bands", "fails-above-passing", "A band above one that passes does not fail."))
    return refused


def _told(scale: GradingScale, bands: Sequence[NewBand]) -> dict[str, Any]:
    return {
        "name": scale.name,
        "version": scale.version,
        "kind": scale.kind,
        "decimals": scale.decimals,
        "bands": {band.code: band.lower for band in bands},
    }
