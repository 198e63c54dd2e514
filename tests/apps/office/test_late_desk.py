"""The late desk in the office: found, entered, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.accounts.models import User
from apps.attendance.models import DailyAttendance, DeskEntry
from tests.factories import people, rolls
from tests.factories.people import Campus

Office = Callable[..., Any]
DESK = "/office/desk/"


def test_a_number_finds_the_one_student_and_a_part_of_a_name_finds_all(
    office: Office, dave: User, campus: Campus
) -> None:
    first, *_ = people.students_in(campus.section)
    browser = office(dave)
    page = browser.get(DESK, {"q": first.admission_number}).content.decode()
    assert 'name="arrived_at" value="10:00"' in page
    page = browser.get(DESK, {"q": "a"}).content.decode()
    assert page.count("?student=") == 10
    assert "Nobody of that name" in browser.get(DESK, {"q": "zzz"}).content.decode()


def test_an_arrival_makes_the_day_late_and_taking_it_back_makes_it_absent_again(
    office: Office, alice: User, dave: User, campus: Campus
) -> None:
    student = people.students_in(campus.section)[0]
    rolls.take(campus.section, {student: "A"}, by=alice)
    browser = office(dave)
    answer = browser.post(f"{DESK}?student={student.sourced_id}", {"arrived_at": "09:20"})
    assert (answer.status_code, answer["Location"]) == (302, DESK)
    day = DailyAttendance.objects.get(student=student)
    assert (day.state, day.late) == ("present", True)
    page = browser.get(DESK).content.decode()
    assert "is entered." in page
    assert "09:20" in page
    entry = DeskEntry.objects.get()
    assert browser.post(f"{DESK}{entry.sourced_id}/undo/").status_code == 302
    assert DailyAttendance.objects.get(student=student).state == "absent"


def test_what_cannot_be_is_said_in_the_form(office: Office, dave: User, campus: Campus) -> None:
    address = f"{DESK}?student={people.students_in(campus.section)[0].sourced_id}"
    browser = office(dave)
    for said in ({}, {"arrived_at": "10:00", "left_at": "09:00"}, {"code": "nonsense"}, {"arrived_at": "soon"}):
        answer = browser.post(address, said)
        assert answer.status_code == 422, said
        assert "errorlist" in answer.content.decode()
    assert not DeskEntry.objects.exists()


def test_only_who_has_the_desk_comes_to_it(office: Office, bob: User, alice: User, campus: Campus) -> None:
    student = people.students_in(campus.section)[0]
    for user in (bob, alice):
        browser = office(user)
        assert browser.get(DESK).status_code == 403
        assert browser.post(f"{DESK}?student={student.sourced_id}", {"arrived_at": "09:20"}).status_code == 403
        assert f'href="{DESK}"' not in browser.get("/office/").content.decode()


def test_a_student_who_is_nowhere_that_day_is_not_found(office: Office, dave: User, campus: Campus) -> None:
    nowhere, *_ = people.some_students(1, institution=campus.institution)
    browser = office(dave)
    assert browser.get(DESK, {"student": str(nowhere.sourced_id)}).status_code == 404
    assert browser.get(DESK, {"student": "x"}).status_code == 404
    assert "Nobody of that name" in browser.get(DESK, {"q": nowhere.admission_number}).content.decode()
