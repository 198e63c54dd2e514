"""“Your school is ready when …”, and the calendar of the year."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from apps.accounts.models import User
from apps.attendance.models import AttendanceCode
from apps.institutions.models import AcademicYear, CalendarDay, Institution
from apps.office.setup.pages.check_list import WORDS
from apps.office.setup.selectors import STEPS, readiness
from apps.office.shell.permitted import ReadOnlyInline
from apps.office.start.selectors.start import what_waits
from apps.students.models import Student
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]


def _missing(by: User) -> set[str]:
    return {line.step for line in readiness(SCHOOL_DAY, by=by) if not line.done}


def test_every_step_has_words() -> None:
    assert set(WORDS) == set(STEPS)


def test_a_new_campus_misses_nearly_everything_and_a_full_one_nothing(
    campus: Campus, bob: User, carol: User, erin: User, query_count: Callable[..., Any]
) -> None:
    people.a_teacher(of=campus.sections["7 C"])
    CalendarDay.objects.create(institution=campus.institution, day=dt.date(2026, 12, 25), kind="holiday")
    assert _missing(erin) == {"guardians"}
    people.a_guardian(of=list(Student.objects.all()))
    assert _missing(erin) == set()
    Institution.objects.create(name="New Campus", code="NEW")
    lines = [line for line in readiness(SCHOOL_DAY, by=erin) if line.institution == "New Campus"]
    assert {line.step for line in lines if line.done} == {"levels", "codes"}
    with query_count(1):
        readiness(SCHOOL_DAY, by=erin)


def test_each_thing_that_is_gone_is_missing(campus: Campus, bob: User, carol: User, erin: User) -> None:
    people.a_guardian(of=list(Student.objects.all()))
    assert _missing(erin) == {"calendar", "teachers"}
    AttendanceCode.objects.update(default=False)
    AcademicYear.objects.update(state="planned")
    assert _missing(erin) == {"calendar", "teachers", "codes", "year", "terms", "sections"}


def test_one_student_with_nobody_to_call_is_missing_as_the_start_page_says(
    campus: Campus, erin: User, bob: User
) -> None:
    first, *others = Student.objects.all()
    people.a_guardian(of=others)
    assert "guardians" in _missing(erin)
    without = {each.code: each.number for each in what_waits(erin, SCHOOL_DAY)}
    assert without["without-contact"] == 1
    people.a_guardian(of=[first])
    assert "guardians" not in _missing(erin)


def test_the_check_list_is_a_page(office: Office, erin: User, bob: User, campus: Campus) -> None:
    page = office(erin).get("/office/set-up/").content.decode()
    assert "Your school is ready when …" in page
    assert "Every section has a teacher" in page
    assert 'href="/office/calendar/"' in page
    assert office(bob).get("/office/set-up/").status_code == 403


def test_days_are_marked_and_taken_out_of_the_calendar(office: Office, erin: User, campus: Campus) -> None:
    browser = office(erin)
    said = {"starts_on": "2026-12-21", "ends_on": "2026-12-23", "kind": "holiday", "title": "Winter break"}
    assert browser.post("/office/calendar/", said).status_code == 302
    assert CalendarDay.objects.filter(title="Winter break").count() == 3
    assert "Winter break" in browser.get("/office/calendar/").content.decode()
    assert browser.post("/office/calendar/", {"starts_on": "2026-12-22", "kind": ""}).status_code == 302
    assert CalendarDay.objects.filter(title="Winter break").count() == 2
    wrong = browser.post("/office/calendar/", {"starts_on": "2026-12-21", "kind": "timing-change"})
    assert wrong.status_code == 422


def test_the_page_says_how_many_marks_a_holiday_declared_later_touches(
    office: Office, erin: User, bob: User, campus: Campus
) -> None:
    rolls.take(campus.section, by=bob)
    browser = office(erin)
    said = {"starts_on": str(SCHOOL_DAY), "kind": "closure", "title": "Burst pipe"}
    after = browser.post("/office/calendar/", said, follow=True).content.decode()
    assert "12 marks of attendance count by what holds now." in after
    # Said once, and not where nothing was touched.
    assert "marks of attendance" not in browser.get("/office/calendar/").content.decode()
    quiet = browser.post("/office/calendar/", {**said, "starts_on": "2026-12-21"}, follow=True)
    assert "of attendance" not in quiet.content.decode()


def test_who_may_only_look_marks_nothing(office: Office, bob: User, campus: Campus) -> None:
    browser = office(bob)
    assert "Mark days" not in browser.get("/office/calendar/").content.decode()
    assert browser.post("/office/calendar/", {"starts_on": "2026-12-21", "kind": "holiday"}).status_code == 403
    assert not CalendarDay.objects.exists()


def test_a_page_shows_so_many_rows_of_what_belongs_to_it_and_leads_to_the_others(
    office: Office, erin: User, campus: Campus
) -> None:
    section = campus.sections["7 C"]
    members = {f"Pupil{each.pk}": each for each in people.some_students(60, section=section)}
    for name, each in members.items():
        Student.objects.filter(pk=each.pk).update(given_name=name)
    address = f"/office/institutions/section/{section.pk}/change/"
    browser = office(erin)
    (key,) = set(re.findall(r"\?(\w+-page)=2", browser.get(address).content.decode()))
    first, second, *others = (
        members.keys() & set(re.findall(r"Pupil\d+", browser.get(f"{address}?{key}={number}").content.decode()))
        for number in ("1", "2", "\u00b2", "9" * 5000, "-1", "x")
    )
    assert len(first) <= ReadOnlyInline.per_page
    assert first | second == members.keys()
    assert first - second
    assert others == [first] * 4
