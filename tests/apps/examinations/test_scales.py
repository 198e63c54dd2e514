"""A percentage has one grade, the same everywhere; a scale that was made stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import quote

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.examinations import services
from apps.examinations.errors import BandsRefused, ScaleNameTaken, ScaleRetired
from apps.examinations.models import GradeBand, GradingScale
from apps.examinations.selectors import Band, Scale, band_of, rounded, scale_of
from apps.examinations.services import NewBand
from schoolops.audit.models import AuditEntry
from schoolops.constraints import violated
from tests.apps.asking import asking
from tests.factories.exams import a_scale
from tests.factories.people import Campus

HALVES = (NewBand("A", Decimal("79.5")), NewBand("B", Decimal(0), passing=False))


def bands(*lowers: str) -> tuple[Band, ...]:
    return tuple(Band(each, "", Decimal(each), None, passing=True) for each in lowers)


def test_a_school_begins_with_scales_of_every_kind(campus: Campus) -> None:
    assert set(GradingScale.objects.values_list("kind", "version", "retired")) == {
        ("letter", 1, False), ("numeric", 1, False), ("pass-fail", 1, False), ("descriptive", 1, False),
    }  # fmt: skip


def test_seeding_again_keeps_what_the_school_made_of_them(campus: Campus, alice: User) -> None:
    services.retire_scale(scale=a_scale().sourced_id, by=alice)
    services.seed_scales()
    assert GradingScale.objects.count() == 4
    assert not GradingScale.objects.filter(name="Letter grades", retired=False).exists()


@pytest.mark.parametrize(
    ("percent", "decimals", "shown", "grade"),
    [
        ("79.5", 0, "80", "80"), ("79.49", 0, "79", "70"), ("79.5", 1, "79.5", "70"), ("79.95", 1, "80.0", "80"),
        ("0", 0, "0", "0"), ("99.5", 0, "100", "80"), ("104", 0, "104", "80"),
    ],
)  # fmt: skip
def test_it_is_rounded_half_up_once_and_then_has_a_grade(percent: str, decimals: int, shown: str, grade: str) -> None:
    graded = band_of(Scale(decimals, bands("0", "70", "80")), Decimal(percent))
    assert (str(graded.percent), graded.band.code) == (shown, grade)


def test_what_was_not_rounded_before_is_not_rounded_twice() -> None:
    # 2 of 3 of 0.7949…: a percentage that was cut to one place would have become 79.5, and that 80.
    assert rounded(Fraction(7949, 100), 0) == 79
    assert rounded(rounded(Fraction(7949, 100), 1), 0) == 80
    assert rounded(Fraction(2, 3) * 100, 3) == Decimal("66.667")
    with pytest.raises(ValueError, match="no result"):
        band_of(Scale(0, bands("0")), Decimal(-1))


@settings(max_examples=60, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lowers=st.sets(st.decimals(min_value="0.001", max_value="999", places=3), max_size=12),
    percent=st.decimals(min_value=0, max_value=1500, places=6),
    decimals=st.integers(min_value=0, max_value=3),
)
def test_every_decimal_has_exactly_one_grade(lowers: set[Decimal], percent: Decimal, decimals: int) -> None:
    scale = Scale(decimals, bands(*(str(each) for each in sorted({Decimal(0), *lowers}))))
    graded = band_of(scale, percent)
    ends = [*(band.lower for band in scale.bands[1:]), Decimal("Infinity")]
    holding = [band for band, end in zip(scale.bands, ends, strict=True) if band.lower <= graded.percent < end]
    assert holding == [graded.band]
    assert abs(graded.percent - percent) <= Decimal(5).scaleb(-decimals - 1)


def test_what_is_kept_in_the_database_gives_the_grade_that_the_api_says(campus: Campus, alice: User) -> None:
    made = services.add_scale(name="Halves", kind="letter", decimals=1, bands=HALVES, by=alice)
    for percent, grade in (("79.45", "A"), ("79.449", "B"), ("79.5", "A"), ("0", "B")):
        said = asking(alice).get(f"grading-scales/{made.sourced_id}/grade?percent={percent}").json()
        here = band_of(scale_of(made), Decimal(percent))
        assert (said["code"], said["percent"]) == (here.band.code, str(here.percent))
        assert said["code"] == grade
    for written in ("1e9", "1e1", "1_0", "-1", "100001", "NaN", "\u0667", "7,5", "+7", ""):
        assert asking(alice).get(f"grading-scales/{made.sourced_id}/grade?percent={quote(written)}").status_code == 422


def test_a_change_is_a_new_version(campus: Campus, alice: User) -> None:
    old = a_scale()
    new = services.add_scale_version(scale=old.sourced_id, kind="letter", decimals=0, bands=HALVES, by=alice)
    old.refresh_from_db()
    assert (old.retired, old.version, new.version, new.name) == (True, 1, 2, old.name)
    assert GradeBand.objects.filter(scale=old).count() == 6
    assert AuditEntry.objects.get(action="examinations.scale-version-added").after["version"] == 2
    with pytest.raises(ScaleRetired):
        services.add_scale_version(scale=old.sourced_id, kind="letter", decimals=0, bands=HALVES, by=alice)


@pytest.mark.parametrize("name", ["Letter grades", "LETTER  GRADES"])
def test_a_name_is_used_once(campus: Campus, alice: User, name: str) -> None:
    with pytest.raises(ScaleNameTaken):
        services.add_scale(name=name, kind="letter", decimals=0, bands=HALVES, by=alice)


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("letter", (NewBand("A", Decimal(50)), NewBand("B", Decimal(1))), "begins-above-zero"),
        ("letter", (), "begins-above-zero"),
        ("letter", (NewBand("A", Decimal(0)), NewBand("B", Decimal(0))), "begins-twice"),
        ("letter", (NewBand("A", Decimal(0)), NewBand("A", Decimal(5))), "named-twice"),
        ("numeric", (NewBand("one", Decimal(0)),), "not-a-number"),
        ("pass-fail", (NewBand("P", Decimal(0)), NewBand("Q", Decimal(5))), "not-pass-and-fail"),
        ("letter", (NewBand("A", Decimal(0)), NewBand("B", Decimal(5), passing=False)), "fails-above-passing"),
    ],
)
def test_bands_that_are_no_scale_are_refused_each_by_name(
    campus: Campus, alice: User, kind: str, given: tuple[NewBand, ...], code: str
) -> None:
    with pytest.raises(BandsRefused) as refused:
        services.add_scale(name="New", kind=kind, decimals=0, bands=given, by=alice)
    assert code in {each.code for each in refused.value.errors}
    assert not GradingScale.objects.filter(name="New").exists()


def _to_the_end(work: Callable[[], Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        work()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _constraint(work: Callable[[], Any]) -> str | None:
    with pytest.raises(IntegrityError) as refused:
        _to_the_end(work)
    return violated(refused.value)


def test_the_database_keeps_a_scale_whole_and_as_it_was(campus: Campus) -> None:
    scale = a_scale()
    row = GradingScale.objects.filter(pk=scale.pk)
    assert _constraint(lambda: row.update(decimals=2)) == "examinations_scale_stays"
    assert _constraint(lambda: GradingScale.objects.create(name="None", kind="letter")) == "examinations_scale_whole"

    def with_a_gap() -> None:
        gappy = GradingScale.objects.create(name="Gap", kind="letter")
        GradeBand.objects.create(scale=gappy, code="A", lower=0, upper=40)
        GradeBand.objects.create(scale=gappy, code="B", lower=Decimal("40.001"))

    assert _constraint(with_a_gap) == "examinations_scale_whole"
    more = GradeBand(scale=scale, code="New", lower=95)
    assert _constraint(lambda: more.save(force_insert=True)) == "band_no_overlap"
