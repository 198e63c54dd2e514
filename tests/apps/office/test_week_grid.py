"""A section's week: students down, days across, every day a roll of its own."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest

from apps.access.models import Role, RoleAssignment
from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.models import AttendanceRecord, AttendanceSession
from apps.attendance.services import Entry
from apps.institutions.models import CalendarDay, Section
from apps.institutions.selectors import week_around
from apps.staff.models import Substitution
from apps.students.models import Guardian
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]
MONDAY, TUESDAY = SCHOOL_DAY - dt.timedelta(days=2), SCHOOL_DAY - dt.timedelta(days=1)


def _address(section: Section, day: dt.date = SCHOOL_DAY) -> str:
    return f"/office/rolls/section/{section.sourced_id}/week/{day.isoformat()}/"


def _filled(page: str) -> dict[str, str]:
    """The form as a browser would send it back."""
    said = dict(re.findall(r'name="(version-[\d-]+)" value="(\d+)"', page))
    for name, options in re.findall(r'<select name="(code-[^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="(\w+)"[^>]* selected', options)
        said[name] = chosen[1] if chosen else ""
    return said


def _cell(student: Any, day: dt.date = SCHOOL_DAY) -> str:
    return f"code-{day.isoformat()}-{student.sourced_id}"


def _marks(day: dt.date) -> list[str]:
    return sorted(AttendanceRecord.objects.filter(day=day).values_list("teacher_code__code", flat=True))


def test_the_days_that_were_touched_are_saved_and_the_others_stay_untaken(
    office: Office, bob: User, campus: Campus
) -> None:
    one, two = people.students_in(campus.section)[:2]
    browser, address = office(bob), _address(campus.section)
    page = browser.get(address).content.decode()
    said = _filled(page)
    # Up to today, and nothing is said of who was there.
    assert sorted(name for name in said if name.startswith("version-")) == [
        "version-2026-11-02", "version-2026-11-03", "version-2026-11-04",
    ]  # fmt: skip
    assert {said[name] for name in said if name.startswith("code-")} == {""}
    assert page.count("not yet") == 2
    answer = browser.post(address, {**said, _cell(one, MONDAY): "A", _cell(two): "L"})
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert _marks(MONDAY) == ["A", *["P"] * 11]
    assert _marks(SCHOOL_DAY) == ["L", *["P"] * 11]
    assert not AttendanceSession.objects.filter(day=TUESDAY).exists()
    page = browser.get(address).content.decode()
    assert "\u2069 is saved: Mon 2 Nov, Wed 4 Nov." in page
    assert _filled(page)[_cell(one, MONDAY)] == "A"


def test_nothing_touched_is_nothing_saved(office: Office, bob: User, campus: Campus) -> None:
    rolls.take(campus.section, by=bob)
    browser, address = office(bob), _address(campus.section)
    assert browser.post(address, _filled(browser.get(address).content.decode())).status_code == 302
    assert "Nothing was changed" in browser.get(address).content.decode()
    assert AttendanceSession.objects.get().version == 1


def test_times_and_remarks_of_the_day_stay(office: Office, bob: User, campus: Campus) -> None:
    one, two, three = people.students_in(campus.section)[:3]
    marks = [
        services.Mark(mark.student_id, "L", dt.time(9, 5), None, "bus") if mark.student_id == one.sourced_id else mark
        for mark in rolls.marks(campus.section, {two: "L"})
    ]
    services.mark_attendance(session=rolls.key_of(campus.section), marks=marks, expected_version=0, by=bob)
    browser, address = office(bob), _address(campus.section)
    said = _filled(browser.get(address).content.decode())
    assert browser.post(address, {**said, _cell(three): "A"}).status_code == 302
    record = AttendanceRecord.objects.get(student=one)
    assert (record.arrived_at, record.remark) == (dt.time(9, 5), "bus")
    # Who turns out to have been absent cannot have come at five past nine.
    said = _filled(browser.get(address).content.decode())
    assert browser.post(address, {**said, _cell(one): "A"}).status_code == 302
    record.refresh_from_db()
    assert (record.arrived_at, record.remark, record.state) == (None, "bus", "absent")


def test_a_day_that_somebody_else_saved_meanwhile_is_shown_and_the_other_is_saved(
    office: Office, alice: User, bob: User, campus: Campus
) -> None:
    one, two, three = people.students_in(campus.section)[:3]
    browser, address = office(bob), _address(campus.section)
    said = _filled(browser.get(address).content.decode())
    rolls.take(campus.section, {one: "A"}, by=alice)
    rolls.take(campus.section, {one: "A"}, by=alice, day=TUESDAY)
    answer = browser.post(address, {**said, _cell(two): "E", _cell(three, MONDAY): "A"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else saved this roll while you had it open" in page
    assert "\u2069 is saved: Mon 2 Nov." in page
    again = _filled(page)
    # Hers where I said nothing, mine where I did; of the day I did not touch there is nothing to say.
    assert (again[_cell(one)], again[_cell(two)], again[_cell(three)]) == ("A", "E", "P")
    assert page.count("Look at what changed") == 1
    assert again["version-2026-11-04"] == "1"
    assert browser.post(address, again).status_code == 302
    assert _marks(SCHOOL_DAY).count("A") == 1
    assert AttendanceSession.objects.get(day=TUESDAY).version == 1


def test_what_the_office_entered_stays(office: Office, bob: User, dave: User, campus: Campus) -> None:
    one, two = people.students_in(campus.section)[:2]
    services.enter_at_desk(student=one.sourced_id, day=SCHOOL_DAY, entry=Entry(code="S"), by=dave)
    browser, address = office(bob), _address(campus.section)
    said = _filled(browser.get(address).content.decode())
    assert said[_cell(one)] == "S"
    assert browser.post(address, {**said, _cell(two): "A"}).status_code == 302
    record = AttendanceRecord.objects.select_related("office_code").get(student=one, day=SCHOOL_DAY)
    assert (record.office_code.code, record.teacher_code) == ("S", None)


def test_a_mark_that_cannot_be_is_said_with_the_name(office: Office, bob: User, campus: Campus) -> None:
    one, two = people.students_in(campus.section)[:2]
    browser, address = office(bob), _address(campus.section)
    said = _filled(browser.get(address).content.decode())
    answer = browser.post(address, {**said, _cell(one): "Q", _cell(two): "A"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert f"{one.full_name}: There is no attendance code Q." in page
    assert _filled(page)[_cell(two)] == "A"
    assert not AttendanceSession.objects.exists()


def test_whoever_came_onto_a_roll_after_it_was_taken_is_not_taken_for_present(
    office: Office, bob: User, campus: Campus
) -> None:
    one, two = people.students_in(campus.section)[:2]
    rolls.take(campus.section, by=bob)
    AttendanceRecord.objects.filter(student=two).delete()
    browser, address = office(bob), _address(campus.section)
    said = _filled(browser.get(address).content.decode())
    assert said[_cell(two)] == ""
    page = browser.post(address, {**said, _cell(one): "A"}).content.decode()
    assert f"{two.full_name}: Choose a code." in page


def test_days_without_school_are_greyed_with_their_reason(office: Office, bob: User, campus: Campus) -> None:
    for day, kind, title in ((TUESDAY, "holiday", "Founders’ Day"), (MONDAY, "closure", "")):
        CalendarDay.objects.create(institution=campus.institution, day=day, kind=kind, title=title)
    saturday = SCHOOL_DAY - dt.timedelta(days=4)
    CalendarDay.objects.create(institution=campus.institution, day=saturday, kind="instructional")
    browser = office(bob)
    page = browser.get(_address(campus.section)).content.decode()
    assert 'class="closed">Tue 3<br><span>Founders’ Day</span>' in page
    assert 'class="closed">Mon 2<br><span>closure</span>' in page
    assert [name for name in _filled(page) if name.startswith("version-")] == ["version-2026-11-04"]
    assert "Sat 7" not in page
    # A Saturday with school belongs to its week.
    assert "Sat 31" in browser.get(_address(campus.section, saturday)).content.decode()


def test_a_locked_day_is_to_read(office: Office, bob: User, campus: Campus) -> None:
    old = SCHOOL_DAY - dt.timedelta(days=21)
    page = office(bob).get(_address(campus.section, old)).content.decode()
    assert page.count("locked") == 5
    assert "<select" not in page
    forged = {"version-2026-10-14": "0", f"code-2026-10-14-{people.students_in(campus.section)[0].sourced_id}": "A"}
    assert office(bob).post(_address(campus.section, old), forged).status_code == 302
    assert not AttendanceSession.objects.exists()


def test_a_substitute_marks_the_day_they_stand_in_and_no_other(office: Office, campus: Campus, bob: User) -> None:
    other = campus.sections["7 C"]
    browser, address = office(bob), _address(other)
    assert browser.get(address).status_code == 404
    Substitution.objects.create(staff=bob.staff_member, section=other, day=SCHOOL_DAY)
    page = browser.get(address).content.decode()
    assert page.count("not yours on this day") == 4
    said = _filled(page)
    assert [name for name in said if name.startswith("version-")] == ["version-2026-11-04"]
    one = people.students_in(other)[0]
    forged = {**said, _cell(one, SCHOOL_DAY): "A", "version-2026-11-02": "0", _cell(one, MONDAY): "A"}
    assert browser.post(address, forged).status_code == 302
    assert list(AttendanceSession.objects.values_list("day", flat=True)) == [SCHOOL_DAY]


def test_day_and_week_lead_to_each_other(office: Office, bob: User, campus: Campus) -> None:
    browser = office(bob)
    day = f"/office/rolls/section/{campus.section.sourced_id}/2026-11-04/"
    assert f'href="{_address(campus.section)}"' in browser.get(day).content.decode()
    assert f'href="{day}"' in browser.get(_address(campus.section)).content.decode()


# Who holds it over the whole school is asked nothing about their reach.
@pytest.mark.parametrize(("role", "queries"), [("head", 12), ("teacher", 15)])
def test_a_week_costs_the_same_for_any_number_of_students(
    office: Office, alice: User, campus: Campus, query_count: Callable[..., Any], role: str, queries: int
) -> None:
    small, large = people.a_section(10, campus=campus, name="8 A"), people.a_section(60, campus=campus, name="8 B")
    costs = []
    for section in (small, large):
        for day in (MONDAY, SCHOOL_DAY):
            rolls.take(section, by=alice, day=day)
        browser = office(alice if role == "head" else people.a_teacher(f"t-{section.name}", of=section))
        browser.get(_address(section))
        with query_count() as counted:
            browser.get(_address(section))
        costs.append(counted.count)
    assert costs == [queries, queries]


@pytest.mark.parametrize(
    ("weekend", "first"), [([6, 7], MONDAY), ([5, 6], dt.date(2026, 11, 1)), ([], MONDAY), ([7], MONDAY)]
)
def test_a_week_begins_after_the_weekend(weekend: list[int], first: dt.date) -> None:
    for day in week_around(SCHOOL_DAY, weekend):
        assert week_around(day, weekend)[0] == first
    assert SCHOOL_DAY in week_around(SCHOOL_DAY, weekend)


def test_a_parent_who_works_here_is_shown_no_way_to_a_month_that_is_not_theirs(
    office: Office, bob: User, campus: Campus
) -> None:
    """Of their child's section they see their child's days; its register is for who works with it."""
    elsewhere = people.another_section(campus, "7 D")
    (child,) = people.some_students(1, section=elsewhere)
    Guardian.objects.filter(user=people.a_guardian(of=[child])).update(user=bob)
    RoleAssignment.objects.create(user=bob, role=Role.objects.get(code="guardian"))
    month = f"/month/{SCHOOL_DAY:%Y-%m}/"
    browser, theirs = office(bob), _address(elsewhere)
    assert browser.get(theirs).status_code == 200
    for address in (theirs, f"/office/rolls/section/{elsewhere.sourced_id}/{SCHOOL_DAY}/"):
        assert month not in browser.get(address).content.decode()
    assert month in browser.get(_address(campus.section)).content.decode()
