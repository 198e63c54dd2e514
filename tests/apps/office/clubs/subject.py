"""What the office shows of clubs. Run where they are there: see ``test_a_new_subject_is_a_folder``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.access.models import Role
from apps.accounts.models import User
from tests.apps.office.clubs.models import Club
from tests.factories.people import Campus

Office = Callable[..., Any]


@pytest.fixture(autouse=True)
def _chess(campus: Campus) -> None:
    Club.objects.create(name="Chess")


def test_whoever_may_see_clubs_finds_the_page_the_list_and_the_paper(office: Office, alice: User) -> None:
    browser = office(alice)
    start = browser.get("/office/").content.decode()
    assert "All clubs" in start
    assert "1 club has no room" in start
    assert "<li>Chess</li>" in browser.get("/office/clubs/").content.decode()
    assert browser.get("/office/clubs/list.pdf").content.startswith(b"%PDF")
    assert "Where it meets" in browser.get("/office/clubs/club/").content.decode()
    assert "/office/clubs/club/" in browser.get("/office/find/", {"q": "chess"}).content.decode()


def test_nobody_else_does(office: Office, bob: User) -> None:
    browser = office(bob)
    assert "All clubs" not in browser.get("/office/rolls/").content.decode()
    for address in ("/office/clubs/", "/office/clubs/list.pdf", "/office/clubs/club/"):
        assert browser.get(address).status_code == 403


def test_the_permission_is_one_that_a_role_is_given(office: Office, erin: User) -> None:
    role = Role.objects.get(code="accountant")
    page = office(erin).get(f"/office/roles/{role.sourced_id}/").content.decode()
    assert "See clubs and print who is in them" in page
