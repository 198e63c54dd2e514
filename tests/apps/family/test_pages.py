"""What the pages of a family say, what they weigh, and what they ask of the database."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from apps.accounts.models import User
from tests.apps.family.household import Household
from tests.factories import people, rolls
from tests.factories.people import Campus

Visit = Callable[..., Any]
LOGIN = "/office/login/"
MOST_BYTES = 60_000


def read(browser: Any, page: str, child: Any = None, query: str = "") -> str:
    """What stands on a page, without its tags."""
    answer = browser.get(reverse(f"family:{page}", args=[child.sourced_id] if child else []) + query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_guardian_who_logs_in_lands_on_the_familys_pages(browser: Visit, carol: User) -> None:
    said = {"login": "carol", "password": people.PASSWORD, "code": ""}
    for wanted in ("", "/office/students/", "https://evil.example/family/"):
        answer = browser().post(LOGIN, {**said, "next": wanted})
        assert (answer.status_code, answer["Location"]) == (302, "/family/")
    deep = browser().post(LOGIN, {**said, "next": "/family/children/"})
    assert deep["Location"] == "/family/children/"


def test_whoever_has_no_role_any_more_is_told_so_at_the_door(browser: Visit, campus: Campus) -> None:
    people.a_user("nobody")
    answer = browser().post(LOGIN, {"login": "nobody", "password": people.PASSWORD, "code": ""})
    assert answer.status_code == 422
    assert "no role at the school" in answer.content.decode()


def test_the_office_shows_a_guardian_the_way_to_their_own_pages(browser: Visit, carol: User) -> None:
    answer = browser(carol).get("/office/")
    assert answer.status_code == 403
    assert 'href="/family/"' in answer.content.decode()


def test_a_guardian_changes_their_password_and_language_and_logs_out(browser: Visit, carol: User) -> None:
    of_carol = browser(carol)
    changed = of_carol.post(
        "/office/password_change/",
        {"present": people.PASSWORD, "password": "three words nobody says", "again": "three words nobody says"},
    )
    assert (changed.status_code, changed["Location"]) == (302, "/family/")
    assert of_carol.post("/language/", {"language": "ar", "next": "/family/"})["Location"] == "/family/"
    page = of_carol.get("/family/").content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert User.objects.get(pk=carol.pk).language == "ar"
    of_carol.post("/office/logout/")
    assert of_carol.get("/family/").status_code == 302


def test_today_of_every_child_stands_on_the_first_page(browser: Visit, household: Household) -> None:
    home = read(browser(household.mother), "home")
    late, _, rest = home.partition(household.sibling.full_name)
    assert "Came late" in late
    assert "Not taken yet" in rest
    assert "7 B" in late
    assert "Oak Campus" in rest


def test_attendance_is_a_calendar_with_a_legend(browser: Visit, household: Household) -> None:
    page = read(browser(household.mother), "attendance", household.child)
    assert "Absent, not excused 1" in page
    assert "Came late 1" in page
    assert "November 2026" in page
    assert "Came late 0" in read(browser(household.mother), "attendance", household.child, "?month=2026-09")
    for odd in ("2026-13", "x", "2026-1"):
        address = reverse("family:attendance", args=[household.child.sourced_id])
        assert browser(household.mother).get(address, {"month": odd}).status_code == 404


def test_lessons_exams_marks_and_cards_are_what_is_published(browser: Visit, household: Household) -> None:
    of_mother, child = browser(household.mother), household.child
    timetable = read(of_mother, "timetable", child)
    assert timetable.index("08:00–08:45") < timetable.index("Chemistry") < timetable.index("Lab 2")
    assert "Mathematics" in read(of_mother, "exams", child)
    marks = read(of_mother, "marks", child)
    assert "61.5 / 80" in marks
    assert "76.88 %" in marks
    assert "Mid-terms" in read(of_mother, "cards", child)
    card = of_mother.get(reverse("family:card", args=[child.sourced_id, household.card.sourced_id]))
    assert card["Content-Type"] == "application/pdf"
    assert card["Cache-Control"].startswith("private, no-store")


def test_bills_are_ones_own(browser: Visit, household: Household) -> None:
    mine, his = (read(browser(each), "bills", household.child) for each in (household.mother, household.father))
    assert household.bill.called_number in mine
    assert "Still to be paid: 650.00 GBP" in mine
    assert household.fathers_bill.called_number not in mine
    assert "Still to be paid: 200.00 GBP" in his
    assert household.bill.called_number not in his


def test_a_page_loads_nothing_but_our_styles_and_is_light(browser: Visit, household: Household) -> None:
    style = finders.find("family/family.css")
    with open(str(style), "rb") as file:  # noqa: PTH123 - a finder's answer
        weight = len(file.read())
    for name in (
        "home",
        "child",
        "attendance",
        "timetable",
        "exams",
        "marks",
        "cards",
        "bills",
        "leave",
        "looked",
        "calendar",
    ):
        address = reverse(f"family:{name}", args=[] if name == "home" else [household.child.sourced_id])
        answer = browser(household.mother).get(address)
        policy, page = answer["Content-Security-Policy"], answer.content.decode()
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert not re.search(r"<script|\sstyle=|<style|\son\w+=", page)
        assert "no-store" in answer["Cache-Control"]
        assert len(answer.content) + weight < MOST_BYTES


def test_a_phone_can_install_them(browser: Visit, carol: User) -> None:
    answer = browser().get("/family/manifest.webmanifest")
    said = answer.json()
    assert (said["start_url"], said["scope"], said["display"]) == ("/family/", "/family/", "standalone")
    assert all(finders.find(each["src"].removeprefix("/static/")) for each in said["icons"])
    assert 'rel="manifest"' in browser(carol).get("/family/").content.decode()


@pytest.mark.parametrize(
    "page",
    ["home", "child", "attendance", "timetable", "exams", "marks", "cards", "bills", "leave", "looked", "calendar"],
)
def test_more_children_and_rows_are_no_more_queries(
    browser: Visit, campus: Campus, carol: User, bob: User, child: Any, query_count: Any, page: str
) -> None:
    address = reverse(f"family:{page}", args=[] if page == "home" else [child.sourced_id])
    of_carol = browser(carol)
    of_carol.get(address)
    with query_count() as few:
        of_carol.get(address)
    section = campus.sections["7 B"]
    many = people.students_in(section)[1:8]
    spare = people.a_guardian("spare", of=many).guardian
    spare.student_links.update(guardian=carol.guardian)
    rolls.take(section, by=bob)
    with query_count() as more:
        of_carol.get(address)
    assert more.count == few.count


def test_every_answer_says_what_a_page_may_load_be_it_a_refusal(
    browser: Visit, carol: User, child: Any, client_for: Any, in_oak: Any
) -> None:
    of_carol, of_stranger, reads = browser(carol), browser(), {"accept": "text/html"}
    marks = reverse("family:marks", args=[child.sourced_id])
    answers = {
        "the wrong method": (of_carol.post(marks), 405),
        "a bill is not read by paying it": (
            of_carol.get(reverse("family:pay", args=[child.sourced_id, child.sourced_id])), 405,
        ),
        "not theirs": (of_carol.get(reverse("family:marks", args=[uuid4()])), 404),
        "no page": (of_carol.get("/family/nowhere/", headers=reads), 404),
        "no such month": (of_carol.get(reverse("family:attendance", args=[child.sourced_id]) + "?month=x"), 404),
        "a calendar that is not there": (of_stranger.get("/family/calendars/x.ics", headers=reads), 404),
        "one that is no text": (of_stranger.get("/family/calendars/%ed%a0%80.ics", headers=reads), 404),
        "nobody logged in": (of_stranger.get(marks), 302),
        "what a phone installs": (of_stranger.get("/family/manifest.webmanifest"), 200),
    }  # fmt: skip
    strict = client_for(in_oak)
    strict.handler.enforce_csrf_checks = True
    strict.force_login(carol)
    answers["a form from elsewhere"] = (
        strict.post("/family/contact/", {"phone": "1"}, headers=reads), 403,
    )  # fmt: skip
    assert {name: answer.status_code for name, (answer, _) in answers.items()} == {
        name: status for name, (_, status) in answers.items()
    }
    assert [name for name, (answer, _) in answers.items() if "default-src" not in _policy(answer)] == []
    # The office answers a form from elsewhere.
    of_the_office = {"a form from elsewhere"}
    assert {name for name, (answer, _) in answers.items() if "unsafe" in _policy(answer)} <= of_the_office


def _policy(answer: Any) -> str:
    return str(answer.headers.get("Content-Security-Policy", ""))
