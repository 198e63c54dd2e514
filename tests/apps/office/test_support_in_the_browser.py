"""An operator who was let in comes into the office by a link that is good once, and every page says who is here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.access import services as access
from apps.accounts import services as accounts
from apps.accounts.models import User
from schoolops.audit.models import AuditEntry
from schoolops.context import inside, outside_schools
from schoolops.tenancy.models import School, SupportGrant
from tests.factories import people
from tests.factories.people import Campus
from tests.factories.talking import Browser

Office = Callable[..., Any]
Later = Callable[..., None]


@pytest.fixture
def dana(school_day: dt.date, campus: Campus) -> User:
    """An operator of the platform."""
    with outside_schools():
        return people.a_user("dana")


def _let_in(minutes: int = 60) -> str:
    """The secret of the link that the operator is shown."""
    granted = access.grant_support(slug="oak", operator="dana", reason="ticket 4711", minutes=minutes)
    address, _hash, secret = granted.link.partition("#")
    assert address == "http://oak.localhost:8000/support"
    return secret


def _come_in(browser: Any, secret: str) -> Any:
    return browser.post("/support", {"token": secret})


def _refused(answer: Any) -> None:
    assert answer.status_code == 422
    assert "used before, has expired, or was replaced" in answer.content.decode()


def test_a_link_opens_the_office_and_every_page_says_who_is_here(office: Office, dana: User, campus: Campus) -> None:
    browser = office()
    secret = _let_in()
    assert "Come in" in browser.get("/support").content.decode()
    answer = _come_in(browser, secret)
    assert (answer.status_code, answer["Location"]) == (302, "/office/")
    for path in ("/office/", "/office/students/student/", "/office/find/?q=a", "/office/roles/"):
        page = browser.get(path).content.decode()
        assert "Until 4 Nov 2026, 11:00, dana (support) is here." in page, path
        assert "This login reads, and changes nothing." in page, path
        assert 'action="/office/support/end/"' in page, path
    came = AuditEntry.objects.get(action="accounts.support-came-in")
    assert came.actor_name == "dana (support)"
    assert "is here." not in office(people.a_user("ada", role="head")).get("/office/").content.decode()


def test_whoever_may_more_is_not_said_to_read_only(office: Office, dana: User, erin: User) -> None:
    browser, secret = office(), _let_in()
    access.assign_role(user=User.objects.get(username="support-dana"), role="teacher", by=erin)
    _come_in(browser, secret)
    for path in ("/office/", "/roll/"):
        page = browser.get(path).content.decode()
        assert "dana (support) is here" in page
        assert "changes nothing" not in page


def test_a_link_is_good_once(office: Office, dana: User) -> None:
    secret = _let_in()
    assert _come_in(office(), secret).status_code == 302
    other = office()
    _refused(_come_in(other, secret))
    assert other.get("/office/").status_code == 302


def test_a_link_that_nobody_used_ends_before_the_grant(office: Office, dana: User, later: Later) -> None:
    secret = _let_in()
    later(minutes=10)
    _refused(_come_in(office(), secret))


def test_the_grant_ends_the_session_and_the_link(office: Office, dana: User, later: Later) -> None:
    browser, secret = office(), _let_in(minutes=5)
    _come_in(browser, secret)
    assert browser.get("/office/").status_code == 200
    later(minutes=5)
    assert "/login/" in browser.get("/office/")["Location"]
    unused = _let_in(minutes=2)
    later(minutes=2)
    _refused(_come_in(office(), unused))


def test_a_revoked_grant_ends_the_session_and_the_link(office: Office, dana: User) -> None:
    unused = _let_in()
    access.revoke_support(slug="oak", operator="dana")
    _refused(_come_in(office(), unused))
    browser, secret = office(), _let_in()
    _come_in(browser, secret)
    access.revoke_support(slug="oak", operator="dana")
    assert "/login/" in browser.get("/office/")["Location"]


def test_a_new_grant_ends_the_old_link_and_session(office: Office, dana: User, later: Later) -> None:
    browser, first = office(), _let_in()
    _come_in(browser, first)
    later(seconds=1)
    unused = _let_in()
    assert "/login/" in browser.get("/office/")["Location"]
    secret = _let_in()
    _refused(_come_in(office(), unused))
    assert _come_in(office(), secret).status_code == 302


def test_the_link_of_one_school_opens_no_other(
    office: Office, dana: User, elm: School, client_for: Callable[[School], Client]
) -> None:
    secret = _let_in()
    at_elm = Browser(client_for(elm))
    _refused(_come_in(at_elm, secret))
    browser = office()
    _come_in(browser, secret)
    at_elm.client.cookies = browser.client.cookies
    assert "/login/" in at_elm.get("/office/")["Location"]


def test_the_link_sets_no_password_and_a_password_link_lets_no_support_in(
    office: Office, dana: User, erin: User, alice: User
) -> None:
    secret, long_one = _let_in(), "a new and rather long one"
    said = {"token": secret, "password": long_one, "again": long_one}
    assert office().post("/redeem", said).status_code == 422
    assert not User.objects.get(username="support-dana").has_usable_password()
    handed = accounts.hand_out_link(user=alice, by=erin)
    _refused(_come_in(office(), handed.token))


def test_a_school_that_deactivates_support_shuts_both(office: Office, dana: User, erin: User, at_oak: Any) -> None:
    browser, secret = office(), _let_in()
    _come_in(browser, secret)
    guest = User.objects.get(username="support-dana")
    assert at_oak(erin).post(f"users/{guest.sourced_id}/deactivate", {}).status_code == 204
    assert "/login/" in browser.get("/office/")["Location"]


def test_a_school_that_ends_the_logins_of_support_ends_the_link(
    office: Office, dana: User, erin: User, at_oak: Any, later: Later
) -> None:
    secret = _let_in()
    later(seconds=1)
    guest = User.objects.get(username="support-dana")
    assert at_oak(erin).post(f"users/{guest.sourced_id}/logout-everywhere", {}).status_code == 200
    _refused(_come_in(office(), secret))


def test_support_leaves_by_the_button(office: Office, dana: User, oak: School) -> None:
    browser, secret = office(), _let_in()
    _come_in(browser, secret)
    answer = browser.post("/office/support/end/")
    assert (answer.status_code, answer["Location"]) == (302, "/office/login/")
    assert "Support has ended." in browser.get("/office/login/").content.decode()
    with outside_schools():
        assert SupportGrant.objects.get(operator="dana").revoked_at is not None
    with inside(oak):
        ended = AuditEntry.objects.get(action="access.support-shown-out")
    assert (ended.actor_name, ended.reason) == ("dana (operator)", "ended by support itself")


def test_nobody_else_ends_support(office: Office, dana: User, alice: User) -> None:
    _let_in()
    assert office(alice).post("/office/support/end/").status_code == 404
    assert office(alice).get("/office/support/end/").status_code == 405
    with outside_schools():
        assert SupportGrant.objects.get(operator="dana").revoked_at is None


def test_a_link_without_its_end_is_said_to_be_incomplete(office: Office, dana: User) -> None:
    answer = office().post("/support", {"token": ""})
    assert answer.status_code == 422
    assert "not complete" in answer.content.decode()
    _refused(_come_in(office(), "so_s_oak_made-up"))


def test_the_operators_page_shows_the_link(dana: User, oak: School) -> None:
    with outside_schools():
        browser = Browser(Client(headers={"host": "localhost"}), User.objects.get(pk=dana.pk))
        address = f"/operators/tenancy/school/{oak.pk}/act/support/"
        page = browser.post(address, {"reason": "ticket 4711", "minutes": 30}).content.decode()
    assert page.count("http://oak.localhost:8000/support#so_s_oak_") == 2
    assert "Link, good once, until 10:10 UTC" in page
