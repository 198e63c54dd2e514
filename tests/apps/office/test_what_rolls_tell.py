"""What the office says of rolls: whose one is missing, who changed a mark, who is on leave, and where no school is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.selectors import marks_changed_of
from apps.institutions.models import Institution
from apps.office.shell.charts import HEIGHT, DayShare, bars_of
from apps.reports.selectors import sections_in_reach
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]
SATURDAY = dt.date(2026, 11, 7)


def _text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize("page", ["/office/", "/office/rolls/"])
def test_a_roll_that_is_missing_says_whose_it_is(
    office: Office, alice: User, bob: User, campus: Campus, page: str
) -> None:
    assert "Bob" in _text(office(alice).get(page))
    rolls.take(campus.section, by=alice)
    assert "· Bob" not in _text(office(alice).get(page))


def test_the_chart_says_from_how_many_rolls_today_is(office: Office, alice: User, campus: Campus) -> None:
    rolls.take(campus.section, by=alice)
    assert "Today from 1 of 2 rolls." in _text(office(alice).get("/office/"))
    rolls.take(campus.sections["7 C"], by=alice)
    assert "Today from" not in _text(office(alice).get("/office/"))


def test_bars_begin_at_zero() -> None:
    half, whole = bars_of([DayShare(SCHOOL_DAY, 5, 0, 5), DayShare(SCHOOL_DAY, 10, 0, 0)]).bars
    assert (half.height, whole.height) == (HEIGHT // 2, HEIGHT)


def test_a_weekend_says_that_it_is_one(
    office: Office, alice: User, bob: User, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _text(office(alice).get(f"/office/rolls/?day={SATURDAY.isoformat()}"))
    assert "it is the weekend" in page
    assert "0 rolls are missing" not in page
    phone = _text(office(bob).get(f"/roll/?day={SATURDAY.isoformat()}"))
    assert "No school" in phone
    assert "Not taken" not in phone
    assert "of 1 taken" not in phone
    Institution.objects.update(weekend=[SCHOOL_DAY.isoweekday()])
    start = _text(office(alice).get("/office/"))
    assert "No rolls today: there is no school." in start
    assert "All rolls that are expected today are taken." not in start


def test_a_roll_says_how_many_have_no_mark_yet(office: Office, alice: User, bob: User, campus: Campus) -> None:
    rolls.take(campus.section, by=bob)
    people.some_students(3, section=campus.section)
    address = f"section/{campus.section.sourced_id}/{SCHOOL_DAY.isoformat()}/"
    assert "3 students have no mark yet." in _text(office(alice).get(f"/office/rolls/{address}"))
    assert "3 students have no mark yet." in _text(office(bob).get(f"/roll/{address}"))


def test_who_changed_a_mark_and_when_stands_on_the_roll_and_on_the_childs_page(
    office: Office, alice: User, bob: User, campus: Campus
) -> None:
    child = people.students_in(campus.section)[0]
    rolls.take(campus.section, by=bob)
    address = f"/office/rolls/section/{campus.section.sourced_id}/{SCHOOL_DAY.isoformat()}/"
    browser = office(alice)
    assert "Who changed a mark" not in _text(browser.get(address))
    rolls.take(campus.section, {child: "A"}, by=alice, version=1)
    for page in (address, f"/office/student/{child.sourced_id}/"):
        assert re.search(r"Present → Absent · Alice\b[^<]*4 Nov 2026", _text(browser.get(page))), page


def test_leave_stands_on_the_roll_and_among_those_who_are_away(
    office: Office, alice: User, dave: User, campus: Campus
) -> None:
    asked, given = people.students_in(campus.section)[:2]
    until = SCHOOL_DAY + dt.timedelta(days=1)
    for child in (asked, given):
        leave = services.request_leave(
            student=child.sourced_id, starts_on=SCHOOL_DAY, ends_on=until, reason="Wedding", code=None, by=dave
        )
    services.approve_leave(leave=leave.sourced_id, by=alice)
    start = _text(office(alice).get("/office/"))
    away = start[start.index("On leave, not on a roll yet") :]
    assert given.full_name in away
    assert asked.full_name not in away
    address = f"/office/rolls/section/{campus.section.sourced_id}/{SCHOOL_DAY.isoformat()}/"
    roll = _text(office(alice).get(address))
    assert re.search(rf"Leave was asked for and is not decided: <a [^>]+>{asked.full_name}</a> \(until Thu 5 Nov", roll)
    rolls.take(campus.section, by=alice)
    assert "On leave, not on a roll yet" not in _text(office(alice).get("/office/"))


def test_a_grade_is_ticked_as_one_for_printed_lists(office: Office, alice: User, bob: User, campus: Campus) -> None:
    page = office(alice).get("/office/lists/").content.decode()
    assert "All of Grade 7" in page
    key = re.search(r'name="grade" value="([^"]+)"', page)[1]  # type: ignore[index]
    assert len(sections_in_reach(alice, SCHOOL_DAY)) == 2
    printed = office(alice).get("/office/lists/sign-in.pdf", {"grade": key})
    assert (printed.status_code, printed["Content-Type"]) == (200, "application/pdf")
    # Whoever reaches one of its sections has no grade to tick, and gets nothing by naming it.
    assert 'name="grade"' not in office(bob).get("/office/lists/").content.decode()
    assert office(alice).get("/office/lists/sign-in.pdf", {"grade": "x"}).status_code == 404


def test_a_changed_mark_names_the_class_or_the_section_and_whoever_changed_it(campus: Campus, alice: User) -> None:
    child = people.students_in(campus.section)[0]
    taught = people.a_class(campus, title="Chemistry", students=[child])
    nameless = people.a_user("nameless", role="head")
    User.objects.filter(pk=nameless.pk).update(given_name="")
    period = rolls.some_periods(campus)[0]
    rolls.take(campus.section, by=alice)
    rolls.take(campus.section, {child: "A"}, by=nameless, version=1)
    rolls.take(taught, by=alice, period=period)
    rolls.take(taught, {child: "L"}, by=alice, period=period, version=1)
    assert [(each.roll, each.before, each.after, each.by) for each in marks_changed_of(child.pk)] == [
        ("Chemistry", "Present", "Late", "Alice"),
        ("Grade 7 B", "Present", "Absent", "nameless"),
    ]
