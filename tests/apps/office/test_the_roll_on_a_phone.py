"""The teacher's page: my classes today, tap, mark, saved; and what it says when it cannot be."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attendance import services
from apps.attendance.models import AttendanceRecord, AttendanceSession
from tests.factories import people, rolls
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]


def _address(campus: Campus, section: str = "7 B", day: dt.date = SCHOOL_DAY) -> str:
    return f"/roll/section/{campus.sections[section].sourced_id}/{day}/"


def _fields(page: str) -> dict[str, Any]:
    """What a browser would send from this page, untouched."""
    fields: dict[str, Any] = {"student": re.findall(r'name="student" value="([^"]+)"', page)}
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes["name"] != "student" and (attributes.get("type") != "radio" or " checked" in tag):
            fields[attributes["name"]] = attributes.get("value", "")
    return fields


def _shown(browser: Any, address: str) -> dict[str, Any]:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.content.decode()
    return _fields(answer.content.decode())


def _codes(campus: Campus, section: str = "7 B") -> list[str]:
    return list(
        AttendanceRecord.objects.filter(section=campus.sections[section])
        .order_by("student_id")
        .values_list("teacher_code__code", flat=True)
    )


def test_it_lists_my_classes_of_today_and_leads_to_each(office: Office, campus: Campus, bob: User) -> None:
    page = office(bob).get("/roll/").content.decode()
    assert "My classes today" in page
    assert "Grade 7 B" in page
    assert "Grade 7 C" not in page
    assert _address(campus) in page
    assert "Not taken" in page


def test_it_says_what_its_letters_mean_and_lets_go(office: Office, campus: Campus, bob: User) -> None:
    browser = office(bob)
    sheet = browser.get(_address(campus)).content.decode()
    key = re.findall(r"<b>(\w+\??)</b><bdi>([^<]+)</bdi>", sheet)
    assert ("P", "Present") in key
    assert [code for code, _ in key] == re.findall(r'value="([^"]+)" data-state', sheet.partition("</fieldset>")[0])
    assert 'action="/office/logout/"' in browser.get("/roll/").content.decode()
    browser.post("/office/logout/")
    assert browser.get("/roll/").status_code == 302


def test_it_says_who_asked_for_leave_and_not_why(office: Office, campus: Campus, bob: User, dave: User) -> None:
    child = people.students_in(campus.section)[0]
    asked = "Leave was asked for and is not decided:"
    assert asked not in office(bob).get(_address(campus)).content.decode()
    leave = services.request_leave(
        student=child.sourced_id, starts_on=SCHOOL_DAY, ends_on=SCHOOL_DAY, reason="A wedding", by=dave
    )
    page = office(bob).get(_address(campus)).content.decode()
    assert f"{asked} <bdi>{child.full_name}</bdi>" in page
    assert "A wedding" not in page
    services.refuse_leave(leave=leave.sourced_id, by=dave)
    assert asked not in office(bob).get(_address(campus)).content.decode()


def test_a_stranger_logs_in_and_comes_back(office: Office, bob: User) -> None:
    browser = office()
    asked = browser.get("/roll/")
    assert asked["Location"] == "/office/login/?next=%2Froll%2F"
    said = {"login": "bob", "password": people.PASSWORD, "next": "/roll/"}
    assert browser.post(asked["Location"], said)["Location"] == "/roll/"
    # It is where a teacher lands as well who asked for nothing.
    assert office().post("/office/login/", said | {"next": ""})["Location"] == "/roll/"
    assert browser.get("/roll/").status_code == 200


def test_a_roll_sent_back_as_it_was_shown_marks_everybody_present(office: Office, campus: Campus, bob: User) -> None:
    browser = office(bob)
    answer = browser.post(_address(campus), _shown(browser, _address(campus)))
    assert (answer.status_code, answer["Location"]) == (303, f"/roll/?day={SCHOOL_DAY}")
    assert _codes(campus) == ["P"] * 12
    assert "Grade 7 B is saved: 12 present, 0 absent." in browser.get(answer["Location"]).content.decode()


def test_codes_times_and_remarks_are_kept_and_shown_again(office: Office, campus: Campus, bob: User) -> None:
    browser, student = office(bob), people.students_in(campus.section)[0]
    fields = _shown(browser, _address(campus))
    row = student.sourced_id
    fields |= {f"code-{row}": "L", f"arrived-{row}": "09:10", f"remark-{row}": "bus"}
    assert browser.post(_address(campus), fields).status_code == 303
    again = _shown(browser, _address(campus))
    assert [again[f"{name}-{row}"] for name in ("code", "arrived", "remark")] == ["L", "09:10", "bus"]
    # From late to absent: the time goes with the lateness.
    again |= {f"code-{row}": "A"}
    assert browser.post(_address(campus), again).status_code == 303
    assert AttendanceRecord.objects.get(student=student).arrived_at is None


def test_what_the_office_says_is_shown_and_stays(office: Office, campus: Campus, bob: User, dave: User) -> None:
    browser, student = office(bob), people.students_in(campus.section)[0]
    late = services.Entry(arrived_at=dt.time(10, 15))
    services.enter_at_desk(student=student.sourced_id, day=SCHOOL_DAY, entry=late, by=dave)
    page = browser.get(_address(campus)).content.decode()
    assert "The office says: Late 10:15." in page
    assert browser.post(_address(campus), _fields(page)).status_code == 303
    fields = _shown(browser, _address(campus))
    fields[f"code-{student.sourced_id}"] = "A"
    assert browser.post(_address(campus), fields).status_code == 303
    record = rolls.said_of(student, AttendanceSession.objects.get())
    assert (record.teacher_code.code, record.office_code.code, record.arrived_at) == ("A", "L", dt.time(10, 15))
    # And once more, as it is shown: the office's time is not the teacher's.
    assert browser.post(_address(campus), _shown(browser, _address(campus))).status_code == 303


def test_a_change_meanwhile_is_shown_beside_what_was_typed(
    office: Office, campus: Campus, bob: User, alice: User
) -> None:
    first, second, third = people.students_in(campus.section)[:3]
    rolls.take(campus.section, by=bob)
    browser = office(bob)
    fields = _shown(browser, _address(campus))
    rolls.take(campus.section, {first: "A", second: "A"}, by=alice, version=1)
    fields |= {f"code-{second.sourced_id}": "L", f"code-{third.sourced_id}": "E"}
    answer = browser.post(_address(campus), fields)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Alice says: Absent. You had left: Present." in page
    assert "Alice says: Absent. You say: Late. Saving keeps yours." in page
    # Theirs where I had said nothing, mine where I had; and the version to save it with.
    again = _fields(page)
    assert [again[f"code-{each.sourced_id}"] for each in (first, second, third)] == ["A", "L", "E"]
    assert browser.post(_address(campus), again).status_code == 303
    assert _codes(campus)[:3] == ["A", "L", "E"]


def test_two_who_take_the_same_roll_first_do_not_overwrite_each_other(
    office: Office, campus: Campus, bob: User, alice: User
) -> None:
    first = people.students_in(campus.section)[0]
    browser = office(bob)
    fields = _shown(browser, _address(campus))
    rolls.take(campus.section, {first: "A"}, by=alice)
    answer = browser.post(_address(campus), fields)
    assert answer.status_code == 409
    again = _fields(answer.content.decode())
    assert again[f"code-{first.sourced_id}"] == "A"


def test_a_student_who_came_meanwhile_is_marked_before_it_is_saved(office: Office, campus: Campus, bob: User) -> None:
    browser, student = office(bob), people.students_in(campus.section)[0]
    fields = _shown(browser, _address(campus))
    fields[f"code-{student.sourced_id}"] = "A"
    (new,) = people.some_students(1, section=campus.section)
    answer = browser.post(_address(campus), fields)
    assert answer.status_code == 422
    assert f"{new.full_name} (" in answer.content.decode()
    again = _fields(answer.content.decode())
    assert again[f"code-{student.sourced_id}"] == "A"
    assert browser.post(_address(campus), again).status_code == 303
    assert _codes(campus).count("A") == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("code", "", "Choose a code."), ("code", "X", "no attendance code X"), ("code", "S", "entered by the office"),
     ("arrived", "late", "written as 08:45"), ("remark", "x" * 301, "300")],
)  # fmt: skip
def test_what_cannot_be_read_is_said_beside_the_student_and_the_rest_stays(
    office: Office, campus: Campus, bob: User, field: str, value: str, said: str
) -> None:
    browser, (first, second) = office(bob), people.students_in(campus.section)[:2]
    fields = _shown(browser, _address(campus))
    fields |= {f"{field}-{first.sourced_id}": value, f"code-{second.sourced_id}": "A"}
    answer = browser.post(_address(campus), fields)
    assert answer.status_code == 422
    assert said in re.sub(r"<[^>]*>", "", answer.content.decode())
    again = _fields(answer.content.decode())
    assert again[f"code-{second.sourced_id}"] == "A"
    assert not AttendanceSession.objects.exists()


def test_a_locked_roll_says_why_and_who_can_open_it(office: Office, campus: Campus, bob: User, alice: User) -> None:
    browser = office(bob)
    fields = _shown(browser, _address(campus))
    sheet = rolls.take(campus.section, by=bob)
    services.lock_roll(roll=sheet.sourced_id, reason="inspection", by=alice)
    page = browser.get(_address(campus)).content.decode()
    assert "is locked: inspection" in page
    assert "These people can re-open it: Alice" in page
    assert "Save the roll" not in page
    # Sent all the same, from a page that was open: refused, and what was typed stays to be sent later.
    fields[f"code-{people.students_in(campus.section)[0].sourced_id}"] = "A"
    answer = browser.post(_address(campus), fields)
    assert answer.status_code == 409
    assert _fields(answer.content.decode())[f"code-{people.students_in(campus.section)[0].sourced_id}"] == "A"
    assert "Save the roll" in answer.content.decode()


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (SCHOOL_DAY + dt.timedelta(days=1), "has not begun"),
        (SCHOOL_DAY - dt.timedelta(days=3), "There is no school"),
        (SCHOOL_DAY - dt.timedelta(days=20), "These people can re-open it"),
        (dt.date(2020, 1, 7), "is outside"),
    ],
)
def test_a_day_that_takes_no_roll_says_so_before_anybody_types(
    office: Office, campus: Campus, bob: User, erin: User, day: dt.date, said: str
) -> None:
    page = office(erin).get(_address(campus, day=day)).content.decode()
    assert said in page
    assert "Save the roll" not in page


def test_a_colleagues_roll_is_not_there(office: Office, campus: Campus, bob: User) -> None:
    browser = office(bob)
    other = _address(campus, "7 C")
    assert browser.get(other).status_code == 404
    assert browser.post(other, _shown(browser, _address(campus))).status_code == 404
    assert not AttendanceSession.objects.exists()


def test_guardians_and_strangers_come_no_further_than_the_door(office: Office, campus: Campus, carol: User) -> None:
    assert office(carol).get(_address(campus)).status_code == 403
    assert office().post(_address(campus), {}).status_code == 302


@pytest.mark.parametrize("path", ["/roll/section/nothing/2026-11-04/", "/roll/course/{}/2026-11-04/",
                                  "/roll/section/{}/2026-13-01/", "/roll/section/{}/2026-11-04/nine/"])  # fmt: skip
def test_an_address_that_is_none_is_not_found(office: Office, campus: Campus, bob: User, path: str) -> None:
    assert office(bob).get(path.format(campus.section.sourced_id)).status_code == 404


@pytest.mark.parametrize("day", ["yesterday", "9999-12-31", "2026-02-31", "0001-01-01"])
def test_a_day_that_is_none_is_today(office: Office, campus: Campus, bob: User, day: str) -> None:
    assert "My classes today" in office(bob).get(f"/roll/?day={day}").content.decode()


def test_a_roll_by_period_is_marked_as_well(office: Office, campus: Campus, bob: User, erin: User) -> None:
    period = rolls.some_periods(campus)[1]
    address = f"{_address(campus)}{period.sourced_id}/"
    browser = office(bob)
    page = browser.get(address).content.decode()
    assert "Period 2, 09:00–09:45" in page
    assert browser.post(address, _fields(page)).status_code == 303
    assert AttendanceSession.objects.get().period == period


def test_no_page_asks_more_for_a_larger_class(
    office: Office, campus: Campus, bob: User, query_count: Callable[..., Any]
) -> None:
    browser = office(bob)
    # The session and the roles, written in this test's own transaction, are read from the database each time.
    for _ in range(2):
        with query_count(11):
            assert browser.get("/roll/").status_code == 200
        with query_count(11):
            fields = _shown(browser, _address(campus))
        # Who came onto a roll that was taken has no mark yet.
        fields |= {f"code-{one}": fields.get(f"code-{one}", "P") for one in fields["student"]}
        with query_count(13):
            assert browser.post(_address(campus), fields).status_code == 303
        people.some_students(40, section=campus.section)


def test_the_page_is_small(office: Office, campus: Campus, bob: User) -> None:
    people.some_students(18, section=campus.section)
    browser = office(bob)
    listed, sheet = (browser.get(path).content for path in ("/roll/", _address(campus)))
    assert sheet.count(b"<fieldset") == 30
    assert len(gzip.compress(listed)) < 4_000
    assert len(gzip.compress(sheet)) < 12_000
