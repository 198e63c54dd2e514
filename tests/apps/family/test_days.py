"""Days unlike others: short ones, at two campuses, after a move, of a child who is in no section any more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from icalendar import Calendar

from apps.accounts.models import User
from apps.examinations.models import Exam
from apps.family import services
from apps.institutions.models import CalendarDay, Section
from apps.students.models import Enrolment, SectionMembership, Student
from apps.timetable.models import Meeting
from schoolops.audit import trail
from tests.apps.family.household import Household
from tests.apps.family.test_pages import read
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Visit = Callable[..., Any]
WEDNESDAY = SCHOOL_DAY.isoweekday()


def _placed(student: Student, section: Section, *, since: dt.date, primary: bool = True) -> None:
    enrolment = Enrolment.objects.create(
        student=student, institution=section.institution, year=section.year, grade_level=section.grade_level,
        entered_on=since, primary=primary,
    )  # fmt: skip
    SectionMembership.objects.create(enrolment=enrolment, student=student, section=section, starts_on=since)


def _left(student: Student, on: dt.date) -> None:
    SectionMembership.objects.filter(student=student).update(ends_on=on)
    Enrolment.objects.filter(student=student).update(exited_on=on, exit_kind=Enrolment.Exit.TRANSFERRED_OUT)


def _special(campus: Campus, day: dt.date, kind: str, **more: Any) -> None:
    CalendarDay.objects.create(institution=campus.institution, day=day, kind=kind, **more)


@pytest.fixture
def annex(campus: Campus) -> Campus:
    """A second campus, four hours ahead."""
    return people.a_school_year(name="Annex", timezone="Asia/Dubai", sections=("7 D",))


def _lesson(campus: Campus, title: str, student: Student, number: int = 0) -> None:
    period = (campus.institution.periods.all() or rolls.some_periods(campus))[number]
    taught = people.a_class(campus, title=title, students=[student])
    starts = campus.year.starts_on
    Meeting.objects.create(course_class=taught, period=period, weekday=WEDNESDAY, starts_on=starts)


def test_a_day_that_ends_early_has_no_later_lessons(browser: Visit, campus: Campus, carol: User, child: Any) -> None:
    _lesson(campus, "Chemistry", child)
    _lesson(campus, "Painting", child, 2)
    _special(campus, SCHOOL_DAY, "timing-change", starts_at=dt.time(8), ends_at=dt.time(9, 30))
    today, _, next_week = read(browser(carol), "timetable", child).partition("11 November")
    assert "Chemistry" in today
    assert "Painting" not in today
    assert "Painting" in next_week


def test_lessons_at_another_campus_keep_its_calendar_and_its_clock(
    browser: Visit, campus: Campus, annex: Campus, carol: User, child: Any
) -> None:
    _lesson(campus, "Chemistry", child)
    _lesson(annex, "Arabic", child)
    _special(annex, SCHOOL_DAY, "holiday", title="Flag Day")
    today, _, next_week = read(browser(carol), "timetable", child).partition("11 November")
    assert "Chemistry" in today
    assert "Arabic" not in today
    assert "Arabic" in next_week
    calendar = Calendar.from_ical(services.read_feed(services.begin_feed(student=child.sourced_id, by=carol)))
    begins = {f"{each['SUMMARY']}": each.decoded("DTSTART").isoformat() for each in reversed(calendar.walk("VEVENT"))}
    assert begins == {"Chemistry": "2026-11-04T08:00:00+00:00", "Arabic": "2026-11-11T04:00:00+00:00"}


def test_a_child_in_two_sections_is_said_to_be_in_both(browser: Visit, annex: Campus, carol: User, child: Any) -> None:
    _placed(child, annex.section, since=annex.year.starts_on, primary=False)
    assert "7 B, Grade 7 D" in read(browser(carol), "home")


def test_a_month_says_what_was_closed_where_the_child_was(
    browser: Visit, campus: Campus, annex: Campus, carol: User, child: Any
) -> None:
    moved = dt.date(2026, 10, 15)
    _left(child, moved)
    _placed(child, annex.section, since=moved)
    Student.objects.filter(pk=child.pk).update(institution=annex.institution)
    for where, title in ((campus, "Oak’s"), (annex, "Annex’s")):
        for day in (12, 22):
            _special(where, dt.date(2026, 10, day), "holiday", title=f"{title} {day}th")
    page = read(browser(carol), "attendance", child, "?month=2026-10")
    assert "No school: Oak’s 12th" in page
    assert "No school: Annex’s 22th" in page
    assert "Annex’s 12th" not in page
    assert "Oak’s 22th" not in page


def test_today_is_not_awaited_of_a_child_who_is_in_no_section(browser: Visit, carol: User, child: Any) -> None:
    assert "Not taken yet" in read(browser(carol), "attendance", child)
    _left(child, SCHOOL_DAY)
    assert "Not in a section today" in read(browser(carol), "home")
    assert "Not taken yet" not in read(browser(carol), "attendance", child)


def test_a_calendar_speaks_the_language_of_whose_it_is(household: Household) -> None:
    """A program that reads it asks for no language, or for its maker's."""
    Exam.objects.update(day=SCHOOL_DAY + dt.timedelta(days=1))
    mother, secret = household.mother, services.begin_feed(student=household.child.sourced_id, by=household.mother)
    for language, said in (("", "SUMMARY:Exam: Mathematics"), ("ar", "SUMMARY:امتحان: Mathematics")):
        User.objects.filter(pk=mother.pk).update(language=language)
        assert said in services.read_feed(secret).decode()


def test_one_guardian_does_not_read_when_the_other_used_these_pages(browser: Visit, household: Household) -> None:
    services.begin_feed(student=household.child.sourced_id, by=household.father)
    assert "Frank" not in read(browser(household.mother), "looked", household.child)
    assert "Frank" in read(browser(household.father), "looked", household.child)


def test_a_phone_is_asked_for_a_picture_that_the_school_can_read(browser: Visit, carol: User, child: Any) -> None:
    """A phone turns its own kind of picture into one of these, where all pictures are not welcome."""
    page = browser(carol).get(reverse("family:leave", args=[child.sourced_id])).content.decode()
    assert 'accept="application/pdf,image/jpeg,image/png,image/webp"' in page


def test_one_guardian_does_not_read_that_the_other_began_to_pay(browser: Visit, household: Household) -> None:
    trail.record(household.father, "fees.card-payment-begun", household.child)
    address = reverse("family:looked", args=[household.child.sourced_id])
    assert household.father.full_name not in browser(household.mother).get(address).content.decode()
    assert household.father.full_name in browser(household.father).get(address).content.decode()
