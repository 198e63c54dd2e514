"""What somebody is typing into a long form is kept for them: it comes back to whoever typed it, for an hour."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from apps.accounts.models import User
from apps.office.shell import drafts, typed
from apps.students.models import Student
from tests.apps.office.forms import Form, forms_on
from tests.factories.people import Campus

Office = Callable[..., Any]
PAGE = "/office/student/admit/"
SAID = {"given_name": "Zoë", "family_name": "O’Neil", "admission_number": "N1", "password": "hidden"}


def _form(page: Any) -> Form:
    return next(form for form in forms_on(page.content.decode()) if "given_name" in form.said)


def _kept(browser: Any, **said: str) -> None:
    form = _form(browser.get(PAGE))
    answer = browser.post(PAGE, form.said | SAID | said, headers={"X-Draft": "keep"})
    assert (answer.status_code, answer.content) == (204, b"")


def _offered(browser: Any) -> str:
    """Where what is kept comes back; empty where nothing is."""
    answer = browser.get(PAGE, headers={"X-Draft": "ask"})
    found = re.search(r'href="([^"]+)"', answer.content.decode())
    assert answer.status_code == (200 if found else 204)
    return html.unescape(found[1]) if found else ""


def test_it_comes_back_after_the_tab_was_closed_and_another_login(office: Office, dave: User, campus: Campus) -> None:
    _kept(office(dave))
    assert not Student.objects.filter(admission_number="N1").exists()
    later = office(dave)
    page = later.get(_offered(later))
    assert re.search(r"What you typed at \d\d:\d\d is here again, and not saved yet", page.content.decode())
    back = _form(page).said
    assert (back["given_name"], back["admission_number"]) == (["Zoë"], ["N1"])


def test_the_last_that_was_typed_is_what_is_kept(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    _kept(browser)
    _kept(browser, given_name="Zoe")
    assert _form(browser.get(_offered(browser))).said["given_name"] == ["Zoe"]


def test_nobody_else_is_offered_it_nor_can_anybody_read_it(
    office: Office, dave: User, erin: User, campus: Campus
) -> None:
    _kept(office(dave))
    assert _offered(office(erin)) == ""
    key = drafts.key_of(dave, PAGE)
    sealed = typed.TYPED.get(typed._digest(key), load=lambda: b"")
    assert sealed
    assert b"Neil" not in sealed
    assert typed.kept(key, erin) is None
    found = typed.kept(key, dave)
    assert found is not None
    assert "password" not in found.fields


def test_it_is_gone_once_it_was_saved_or_thrown_away(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    _kept(browser)
    browser.post(PAGE, {"csrfmiddlewaretoken": ""}, headers={"X-Draft": "forget"})
    assert _offered(browser) == ""
    _kept(browser)
    said = _form(browser.get(PAGE)).said | SAID
    said |= {"section": str(campus.section.pk), "sex": "female", "birth_date": "2014-03-09", drafts.FIELD: "1"}
    said |= {"entry_kind": "transferred-in", "guardian_relation": "father", "guardian_given_name": "Ada"}
    referer = {"referer": f"http://oak.localhost{PAGE}"}
    refused = browser.post(PAGE, said | {"given_name": ""}, headers=referer)
    assert refused.status_code == 422
    assert _offered(browser)
    taken = browser.post(PAGE, said, headers=referer)
    assert taken.status_code == 302, taken.context["form"].errors
    assert _offered(browser) == ""


def test_each_page_keeps_its_own_and_a_stranger_none(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    _kept(browser)
    other = browser.get("/office/student/admit/?section=x", headers={"X-Draft": "ask"})
    assert other.status_code == 204
    stranger = office().post(PAGE, SAID, headers={"X-Draft": "keep"})
    assert stranger.status_code == 302
    assert "/office/login/" in stranger["Location"]


ONE, TWO = "a" * 32, "b" * 32


def _typed_in(browser: Any, tab: str, **said: str) -> None:
    form = _form(browser.get(PAGE))
    browser.post(PAGE, form.said | SAID | said, headers={"X-Draft": "keep", "X-Draft-Tab": tab})


def _offers(browser: Any, tab: str, *elsewhere: str) -> list[str]:
    """The given names of what is offered to ``tab`` while others are open ``elsewhere``."""
    headers = {"X-Draft": "ask", "X-Draft-Tab": tab, "X-Draft-Open": ",".join(elsewhere)}
    answer = browser.get(PAGE, headers=headers).content.decode()
    pages = [browser.get(html.unescape(each)) for each in re.findall(r'href="([^"]+)"', answer)]
    return [_form(page).said["given_name"][0] for page in pages]


def test_two_tabs_of_one_form_keep_what_was_typed_in_each(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    _typed_in(browser, ONE, given_name="Zoë")
    _typed_in(browser, TWO, given_name="Yan")
    assert _offers(browser, ONE) == ["Zoë", "Yan"]
    assert _offers(browser, TWO) == ["Yan", "Zoë"]
    # While the other is still open, what is typed there is its own.
    assert _offers(browser, ONE, TWO) == ["Zoë"]
    assert _offers(office(dave), "c" * 32, ONE, TWO) == []


def test_what_is_saved_or_thrown_away_in_one_tab_stays_in_the_other(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    _typed_in(browser, ONE, given_name="Zoë")
    _typed_in(browser, TWO, given_name="Yan")
    browser.post(PAGE, {"csrfmiddlewaretoken": ""}, headers={"X-Draft": "forget", "X-Draft-Tab": ONE})
    assert _offers(browser, ONE) == ["Yan"]
    said = _form(browser.get(PAGE)).said | SAID | {drafts.FIELD: ONE, "section": str(campus.section.pk)}
    said |= {"sex": "female", "birth_date": "2014-03-09", "entry_kind": "transferred-in", "guardian_relation": "father"}
    said |= {"guardian_given_name": "Ada"}
    taken = browser.post(PAGE, said, headers={"referer": f"http://oak.localhost{PAGE}"})
    assert taken.status_code == 302, taken.context["form"].errors
    assert _offers(browser, ONE) == ["Yan"]


def test_of_many_tabs_that_were_left_the_latest_are_kept(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    for number in range(drafts.MOST + 2):
        _typed_in(browser, f"{number:032x}", given_name=f"N{number}")
    assert _offers(browser, "c" * 32) == ["N6", "N5", "N4", "N3", "N2"]
