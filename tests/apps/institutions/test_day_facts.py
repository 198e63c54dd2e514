"""What a day is: instructional, or why not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.institutions.models import CalendarDay, Institution, Term
from apps.institutions.selectors import day_facts, today_at
from schoolops import clock
from tests.factories.people import SCHOOL_DAY, Campus

SATURDAY = dt.date(2026, 11, 7)


def test_an_ordinary_wednesday_is_instructional(campus: Campus, query_count: Any) -> None:
    with query_count(1):
        facts = day_facts(campus.institution, SCHOOL_DAY)
    assert facts.instructional
    assert facts.weekday == 3
    assert facts.year is not None
    assert facts.year.pk == campus.year.pk
    assert facts.term is not None
    assert facts.term.name == "Autumn"


def test_a_weekend_is_not_unless_the_calendar_says_so(campus: Campus) -> None:
    assert day_facts(campus.institution, SATURDAY).why == "weekend"
    CalendarDay.objects.create(institution=campus.institution, day=SATURDAY, kind="instructional", title="Open day")
    facts = day_facts(campus.institution.pk, SATURDAY)
    assert facts.instructional
    assert facts.title == "Open day"


@pytest.mark.parametrize("kind", ["holiday", "closure"])
def test_a_holiday_and_a_closure_say_their_name(campus: Campus, kind: str) -> None:
    CalendarDay.objects.create(institution=campus.institution, day=SCHOOL_DAY, kind=kind, title="Snow")
    facts = day_facts(campus.institution, SCHOOL_DAY)
    assert (facts.why, facts.title, facts.instructional) == (kind, "Snow", False)


def test_a_changed_timetable_is_still_a_day_of_school(campus: Campus) -> None:
    CalendarDay.objects.create(
        institution=campus.institution, day=SCHOOL_DAY, kind="timing-change", starts_at=dt.time(9), ends_at=dt.time(12)
    )
    facts = day_facts(campus.institution, SCHOOL_DAY)
    assert facts.instructional
    assert (facts.starts_at, facts.ends_at) == (dt.time(9), dt.time(12))


def test_the_first_and_last_day_belong_to_the_year_and_the_next_does_not(campus: Campus) -> None:
    facts = {
        day: day_facts(campus.institution, day).why
        for day in (campus.year.starts_on, campus.year.ends_on, campus.year.starts_on - dt.timedelta(days=1))
    }
    assert list(facts.values()) == ["", "", "no-year"]


def test_the_shortest_term_is_the_one_meant(campus: Campus) -> None:
    Term.objects.create(
        year=campus.year, name="Weeks 1-12", kind="gradingPeriod", starts_on=campus.year.starts_on, ends_on=SCHOOL_DAY
    )
    term = day_facts(campus.institution, SCHOOL_DAY).term
    assert term is not None
    assert (term.name, term.kind) == ("Weeks 1-12", "gradingPeriod")


def test_another_institutions_holiday_is_its_own(campus: Campus) -> None:
    other = Institution.objects.create(name="Other", code="other")
    CalendarDay.objects.create(institution=other, day=SCHOOL_DAY, kind="holiday")
    assert day_facts(campus.institution, SCHOOL_DAY).instructional
    assert day_facts(other, SCHOOL_DAY).why == "no-year"


def test_today_is_the_institutions_and_not_the_servers(in_oak: object) -> None:
    auckland = Institution(timezone="Pacific/Auckland")
    new_york = Institution(timezone="America/New_York")
    # 23:30 UTC on Saturday 4 April 2026; in Auckland clocks go back in the night to Sunday.
    with clock.frozen(dt.datetime(2026, 4, 4, 23, 30, tzinfo=dt.UTC)):
        assert today_at(auckland) == dt.date(2026, 4, 5)
        assert today_at(new_york) == dt.date(2026, 4, 4)
