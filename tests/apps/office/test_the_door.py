"""Who comes into the office, how, and where they land."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from schoolops.tenancy.models import School
from tests.factories import people
from tests.factories.talking import Browser

Office = Callable[..., Any]
LOGIN = "/office/login/"


def _said(**more: str) -> dict[str, str]:
    return {"login": "alice", "password": people.PASSWORD, "code": "", **more}


def test_a_stranger_is_sent_to_the_login_and_back_to_the_page_they_wanted(office: Office, alice: User) -> None:
    browser = office()
    asked = browser.get("/office/?from=mail")
    assert asked.status_code == 302
    assert asked["Location"] == "/office/login/?next=%2Foffice%2F%3Ffrom%3Dmail"
    answer = browser.post(asked["Location"], _said(next="/office/?from=mail"))
    assert (answer.status_code, answer["Location"]) == (302, "/office/?from=mail")
    page = browser.get("/office/")
    assert page.status_code == 200
    assert "Oak" in page.content.decode()


def test_it_never_sends_anybody_to_another_site(office: Office, alice: User) -> None:
    assert office().post(LOGIN, _said(next="https://evil.example/office/"))["Location"] == "/office/"


def test_wrong_passwords_are_refused_in_the_same_words_and_then_have_to_wait(office: Office, alice: User) -> None:
    browser = office()
    answers = [browser.post(LOGIN, _said(password="wrong")) for _ in range(4)]
    assert [each.status_code for each in answers] == [422] * 4
    assert "The login and password do not match." in answers[0].content.decode()
    assert "Too many attempts: wait" in browser.post(LOGIN, _said()).content.decode()


def test_a_guardian_is_told_that_the_office_is_not_for_them(office: Office, carol: User) -> None:
    inside = office(carol).get("/office/")
    assert inside.status_code == 403
    assert "for the staff of the school" in inside.content.decode()


def test_logging_out_ends_the_session(office: Office, alice: User) -> None:
    browser = office(alice)
    assert browser.get("/office/").status_code == 200
    assert browser.post("/office/logout/").status_code == 302
    assert browser.get("/office/").status_code == 302


def test_a_session_of_oak_opens_nothing_at_elm(
    office: Office, alice: User, elm: School, client_for: Callable[[School], Client]
) -> None:
    at_elm = Browser(client_for(elm))
    at_elm.client.cookies = office(alice).client.cookies
    assert at_elm.get("/office/").status_code == 302
    assert at_elm.post(LOGIN, _said()).status_code == 422


@pytest.mark.parametrize(("host", "place"), [("oak.localhost", "/office/login/"), ("localhost", "/operators/login/")])
def test_the_address_alone_leads_in(db: None, oak: School, host: str, place: str) -> None:
    answer = Client(headers={"host": host}).get("/")
    assert (answer.status_code, answer["Location"]) == (302, place)


def test_whoever_is_logged_in_comes_from_there_to_where_their_day_begins(
    office: Office, alice: User, bob: User
) -> None:
    for who, home in ((alice, "/office/"), (bob, "/roll/")):
        browser = office(who)
        assert browser.get(browser.get("/")["Location"])["Location"] == home


def test_there_is_no_office_at_the_operators_address(db: None) -> None:
    assert Client(headers={"host": "localhost"}).get("/office/").status_code == 404


@pytest.mark.parametrize("path", ["/office/nothing/here/", "/office/students/student/999/change/"])
def test_what_is_not_there_is_a_readable_page(office: Office, alice: User, path: str) -> None:
    answer = office(alice).get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
    assert "base-uri 'none';" in answer["Content-Security-Policy"]
