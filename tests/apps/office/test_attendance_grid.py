"""The grid: marking a roll in the office as a plain form, over the same service as the API."""

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
from apps.institutions.models import Section
from apps.reports.selectors import number_of_students, rosters
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]


def _address(section: Section, day: dt.date = SCHOOL_DAY) -> str:
    return f"/office/rolls/section/{section.sourced_id}/{day.isoformat()}/"


def _filled(page: str) -> dict[str, Any]:
    """The form as a browser would send it back."""
    said: dict[str, Any] = {"student": re.findall(r'name="student" value="([^"]+)"', page)}
    said["version"] = re.search(r'name="version" value="(\d+)"', page)[1]  # type: ignore[index]
    for student in said["student"]:
        chosen = re.search(rf'name="code-{student}" value="(\w+)" required checked', page)
        said[f"code-{student}"] = chosen[1] if chosen else ""
        for name in ("arrived", "left", "remark"):
            said[f"{name}-{student}"] = re.search(rf'name="{name}-{student}" value="([^"]*)"', page)[1]  # type: ignore[index]
    return said


def test_a_roll_is_marked_without_any_script(office: Office, bob: User, campus: Campus) -> None:
    browser = office(bob)
    address = _address(campus.section)
    said = _filled(browser.get(address).content.decode())
    assert len(said["student"]) == 12
    first, second = said["student"][:2]
    answer = browser.post(address, {**said, f"code-{first}": "A", f"code-{second}": "L", f"arrived-{second}": "09:05"})
    assert (answer.status_code, answer["Location"]) == (302, address)
    states = dict(AttendanceRecord.objects.values_list("student__sourced_id", "teacher_code__code"))
    assert sorted(states.values()).count("P") == 10
    page = browser.get(address).content.decode()
    assert " is saved: 1 absent." in page
    assert 'value="09:05"' in page


@pytest.mark.parametrize("time", ["08:45Z", "08:45+02:00", "8:45\0", "\0", "25:00", "a" * 5_000])
@pytest.mark.parametrize("field", ["arrived", "left"])
def test_a_time_that_is_none_is_said_beside_the_student(
    office: Office, bob: User, campus: Campus, field: str, time: str
) -> None:
    browser = office(bob)
    said = _filled(browser.get(_address(campus.section)).content.decode())
    first = said["student"][0]
    answer = browser.post(_address(campus.section), {**said, f"code-{first}": "L", f"{field}-{first}": time})
    assert answer.status_code == 422
    assert not AttendanceRecord.objects.exists()


@pytest.mark.parametrize("field", ["remark", "code"])
def test_a_nul_in_the_grid_is_no_failure_of_ours(office: Office, bob: User, campus: Campus, field: str) -> None:
    browser = office(bob)
    said = _filled(browser.get(_address(campus.section)).content.decode())
    answer = browser.post(_address(campus.section), {**said, f"{field}-{said['student'][0]}": "late\0bus"})
    assert answer.status_code in {302, 422}
    assert not AttendanceRecord.objects.filter(remark__contains="\\0").exists()


def test_what_somebody_else_did_meanwhile_is_shown_and_not_undone(
    office: Office, alice: User, bob: User, campus: Campus
) -> None:
    section = campus.section
    one, two, three = people.students_in(section)[:3]
    browser = office(bob)
    said = _filled(browser.get(_address(section)).content.decode())
    rolls.take(section, {one: "A", two: "A"}, by=alice)
    mine = {**said, f"code-{two.sourced_id}": "E", f"code-{three.sourced_id}": "L"}
    answer = browser.post(_address(section), mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "What changed meanwhile" in page
    assert "Alice" in page
    again = _filled(page)
    assert again["version"] == "1"
    # Untouched by me: hers. Touched by both: mine, and said so. Touched by me alone: mine.
    assert [again[f"code-{each.sourced_id}"] for each in (one, two, three)] == ["A", "E", "L"]
    assert "you had chosen E" in page
    assert browser.post(_address(section), again).status_code == 302
    assert AttendanceSession.objects.get().version == 2


def test_a_remark_that_both_touched_stays_as_i_typed_it(office: Office, alice: User, bob: User, campus: Campus) -> None:
    section, one = campus.section, people.students_in(campus.section)[0]
    browser = office(bob)
    said = _filled(browser.get(_address(section)).content.decode())
    rolls.take(section, {one: "A"}, by=alice)
    answer = browser.post(_address(section), {**said, f"remark-{one.sourced_id}": "bus"})
    assert answer.status_code == 409
    assert _filled(answer.content.decode())[f"remark-{one.sourced_id}"] == "bus"


def test_what_the_office_entered_stays(office: Office, bob: User, dave: User, campus: Campus) -> None:
    student = people.students_in(campus.section)[0]
    services.enter_at_desk(student=student.sourced_id, day=SCHOOL_DAY, entry=Entry(code="S"), by=dave)
    browser = office(bob)
    said = _filled(browser.get(_address(campus.section)).content.decode())
    assert said[f"code-{student.sourced_id}"] == "S"
    assert browser.post(_address(campus.section), said).status_code == 302
    record = AttendanceRecord.objects.select_related("office_code", "teacher_code").get(student=student)
    assert (record.office_code.code, record.teacher_code) == ("S", None)


def test_a_mark_that_cannot_be_is_said_beside_the_student(office: Office, bob: User, campus: Campus) -> None:
    browser = office(bob)
    said = _filled(browser.get(_address(campus.section)).content.decode())
    first = said["student"][0]
    answer = browser.post(_address(campus.section), {**said, f"code-{first}": "A", f"arrived-{first}": "08:50"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "who is absent does not arrive" in page
    assert _filled(page)[f"arrived-{first}"] == "08:50"
    assert not AttendanceSession.objects.exists()
    answer = browser.post(_address(campus.section), {**said, f"arrived-{first}": "late"})
    assert answer.status_code == 422
    assert f'id="error-{first}">A time is written as 08:45.' in answer.content.decode()
    assert _filled(answer.content.decode())[f"arrived-{first}"] == "late"


def test_a_locked_roll_says_why_and_is_re_opened_with_a_reason(office: Office, alice: User, campus: Campus) -> None:
    old = SCHOOL_DAY - dt.timedelta(days=20)
    browser = office(alice)
    address = _address(campus.section, old)
    page = browser.get(address).content.decode()
    assert "Locked: its edit window is over." in page
    assert 'name="version"' not in page
    assert browser.post(address, {"reopen": "1", "reason": " "}).status_code == 422
    assert browser.post(address, {"reopen": "1", "reason": "Forgotten"}).status_code == 302
    assert 'name="version"' in browser.get(address).content.decode()


@pytest.mark.parametrize(("ahead", "words"), [(1, "has not begun"), (-3, "There is no school on")])
def test_a_day_without_rolls_says_why(office: Office, bob: User, campus: Campus, ahead: int, words: str) -> None:
    page = office(bob).get(_address(campus.section, SCHOOL_DAY + dt.timedelta(days=ahead))).content.decode()
    assert words in page
    assert 'name="version"' not in page


def test_a_teacher_opens_only_their_own(office: Office, bob: User, campus: Campus) -> None:
    browser = office(bob)
    stranger = campus.sections["7 C"]
    assert browser.get(_address(stranger)).status_code == 404
    assert browser.post(_address(stranger), {"version": "0"}).status_code == 404
    month = f"/office/rolls/section/{stranger.sourced_id}/month/2026-11/"
    assert browser.get(month).status_code == 404
    assert office(people.a_user("ivy", role="accountant")).get(_address(campus.section)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "2026-13-01/",
        "nonsense/",
        "0001-01-01/",
        "9999-12-31/",
        "month/0001-01/",
        "2026-11-04/?period=x",
        "month/2026-99/",
    ],
)
def test_an_address_that_means_nothing_is_not_found(office: Office, bob: User, campus: Campus, path: str) -> None:
    assert office(bob).get(f"/office/rolls/section/{campus.section.sourced_id}/{path}").status_code == 404


def test_the_month_is_a_register_to_read(office: Office, bob: User, campus: Campus) -> None:
    student = people.students_in(campus.section)[0]
    rolls.take(campus.section, {student: "A"}, by=bob)
    page = office(bob).get(f"/office/rolls/section/{campus.section.sourced_id}/month/2026-11/").content.decode()
    assert student.full_name in page
    assert page.count('class="absent is-absent"') == 1
    assert page.count('class="present is-present"') == 11


def test_a_parent_who_works_here_reads_nobody_elses_child_in_the_section_of_theirs(
    office: Office, bob: User, campus: Campus
) -> None:
    """Bob teaches 7 B; his own child is in 7 C."""
    theirs = campus.sections["7 C"]
    own, other = people.students_in(theirs)[:2]
    RoleAssignment.objects.create(user=bob, role=Role.objects.get(code="guardian"))
    guardian = people.a_guardian("spare", of=[own]).guardian
    guardian.user = bob
    guardian.save(update_fields=["user"])
    browser = office(bob)
    page = browser.get(_address(theirs)).content.decode()
    assert own.family_name in page
    assert str(other.sourced_id) not in page
    assert browser.get(f"/office/rolls/section/{theirs.sourced_id}/month/2026-11/").status_code == 404
    assert "Grade 7 C" not in browser.get("/office/rolls/").content.decode()
    assert [each.section for each in rosters(bob, SCHOOL_DAY)] == [campus.section]
    assert rosters(bob, SCHOOL_DAY, sections=[theirs.sourced_id]) == []
    assert number_of_students(bob, SCHOOL_DAY, sections=[theirs.sourced_id]) == 0
    assert "Grade 7 C" not in browser.get("/office/lists/").content.decode()


def test_the_rolls_of_a_day_are_listed(office: Office, bob: User, alice: User, campus: Campus) -> None:
    rolls.take(campus.section, by=bob)
    page = office(alice).get("/office/rolls/").content.decode()
    assert "1 roll is missing" in page
    assert "Grade 7 C" in page
    assert "Grade 7 C" not in office(bob).get("/office/rolls/").content.decode()


def test_a_grid_costs_the_same_for_any_number_of_students(
    office: Office, alice: User, campus: Campus, query_count: Callable[..., Any]
) -> None:
    small, large = people.a_section(2, campus=campus, name="8 A"), people.a_section(60, campus=campus, name="8 B")
    browser = office(alice)
    browser.get(_address(small))
    costs = []
    for section in (small, large):
        with query_count() as counted:
            browser.get(_address(section))
        costs.append(counted.count)
    assert costs[0] == costs[1] == 9


def test_a_version_that_is_no_number_is_none(office: Office, bob: User, campus: Campus) -> None:
    browser, address = office(bob), _address(campus.section)
    said = _filled(browser.get(address).content.decode())
    assert browser.post(address, {**said, "version": "²"}).status_code == 302
