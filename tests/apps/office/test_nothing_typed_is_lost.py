"""What was typed into a form of the office when its login had ended: it comes back, to who typed it alone."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.office.shell import typed
from apps.office.shell.typed import Typed, filled_in
from apps.students.models import Student
from schoolops.ratelimit.windows import FORMS_KEPT
from schoolops.tenancy.models import School
from tests.apps.office.forms import Form, forms_on
from tests.factories import people
from tests.factories.people import SCHOOL_DAY, Campus
from tests.factories.talking import Browser

Office = Callable[..., Any]


def _form(page: Any, having: str) -> Form:
    return next(form for form in forms_on(page.content.decode()) if having in form.said or having in form.kinds)


def _log_in(browser: Any, answer: Any, user: str) -> Any:
    """Follow ``answer`` to the login, log in, and open what comes then."""
    assert answer["Location"].startswith("/office/login/?next="), answer["Location"]
    wanted = _form(browser.get(answer["Location"]), "password").said["next"][0]
    inside = browser.post("/office/login/", {"login": user, "password": people.PASSWORD, "code": "", "next": wanted})
    assert inside.status_code == 302
    return browser.get(inside["Location"])


def _ends(browser: Any) -> None:
    Session.objects.all().delete()
    browser.client.cookies.pop("sessionid", None)


def _typed_into(browser: Any, page: str, having: str, **said: Any) -> tuple[Form, Any]:
    """The form of ``page`` that has ``having``, and the answer when it is sent with ``said`` after the login ended."""
    form = _form(browser.get(page), having)
    _ends(browser)
    return form, browser.post(page, form.said | said, headers={"referer": f"http://oak.localhost{page}"})


ADMITTED = {
    "given_name": "Zoë \"<b>", "middle_name": "", "family_name": "O’Neil", "admission_number": "N-1-7", "sex": "female",
    "birth_date": "2014-03-09", "guardian_given_name": "Ada", "guardian_phone": "+44 20", "guardian_relation": "father",
    "entry_kind": "transferred-in",
}  # fmt: skip


def test_an_admission_comes_back_after_logging_in_and_is_saved_from_there(
    office: Office, dave: User, campus: Campus
) -> None:
    browser = office(dave)
    said = {**ADMITTED, "section": str(campus.section.pk)}
    _same, answer = _typed_into(browser, "/office/student/admit/", "given_name", **said)
    page = _log_in(browser, answer, "dave")
    assert "What you typed is here again" in page.content.decode()
    assert not Student.objects.filter(admission_number="N-1-7").exists()
    back = _form(page, "given_name").said
    assert {name: back[name][0] for name in said} == said
    # Its own page is what it is sent from, and once it is taken nothing comes back any more.
    address = page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"]
    sent = browser.post(address, back)
    assert sent.status_code == 302, sent.context["form"].errors
    assert Student.objects.get(admission_number="N-1-7").given_name == ADMITTED["given_name"]
    assert "N-1-7" not in browser.get(address).content.decode()


def test_a_roll_comes_back_with_its_marks_and_the_version_it_showed(office: Office, bob: User, campus: Campus) -> None:
    for page in (
        f"/office/rolls/section/{campus.section.sourced_id}/{SCHOOL_DAY.isoformat()}/",
        f"/roll/section/{campus.section.sourced_id}/{SCHOOL_DAY.isoformat()}/",
    ):
        browser = office(bob)
        form = _form(browser.get(page), "version")
        first, second = form.said["student"][:2]
        said = {f"code-{first}": "A", f"code-{second}": "L", f"remark-{second}": "the bus", "version": "7"}
        _same, answer = _typed_into(browser, page, "version", **said)
        back = _form(_log_in(browser, answer, "bob"), "version").said
        assert {name: back[name][0] for name in said} == said
        assert back["student"] == form.said["student"]


def test_a_form_of_the_admin_comes_back_with_rows_that_were_searched_for(
    office: Office, erin: User, campus: Campus, carol: User
) -> None:
    browser = office(erin)
    student = people.students_in(campus.section)[3]
    page = "/office/students/studentguardian/add/"
    said = {"student": str(student.pk), "relation": "father", "channels": ["email", "sms"], "lives_with": "on"}
    _same, answer = _typed_into(browser, page, "relation", **said)
    shown = _log_in(browser, answer, "erin")
    back = _form(shown, "relation").said
    assert (back["student"], back["relation"], back["channels"]) == ([str(student.pk)], ["father"], ["email", "sms"])
    assert back["lives_with"] == ["on"]
    assert html.escape(str(student)) in shown.content.decode()


def test_boxes_that_were_unticked_stay_so(office: Office, erin: User, campus: Campus) -> None:
    browser = office(erin)
    page = f"/office/institutions/institution/{campus.institution.pk}/change/"
    form = _form(browser.get(page), "weekend")
    assert form.said["weekend"]
    said = {name: value for name, value in form.said.items() if name != "weekend"}
    _ends(browser)
    answer = browser.post(page, said)
    assert "weekend" not in _form(_log_in(browser, answer, "erin"), "timezone").said


def test_a_file_is_asked_for_again(office: Office, erin: User, campus: Campus) -> None:
    browser = office(erin)
    student = people.students_in(campus.section)[0]
    page = f"/office/students/student/{student.pk}/act/photo/"
    picture = SimpleUploadedFile("photo.png", b"\x89PNG", content_type="image/png")
    form = _form(browser.get(page), "picture")
    _ends(browser)
    answer = browser.post(page, {**form.said, "picture": picture, "note": "x"})
    assert "Choose the file once more" in _log_in(browser, answer, "erin").content.decode()


def test_nobody_else_gets_it_nor_anybody_after_an_hour(office: Office, dave: User, erin: User, campus: Campus) -> None:
    browser = office(dave)
    _same, answer = _typed_into(browser, "/office/student/admit/", "given_name", **ADMITTED)
    page = _log_in(browser, answer, "erin").content.decode()
    assert "O’Neil" not in page
    assert "What you typed" not in page
    assert typed.TYPED.ttl_s == dt.timedelta(hours=1).total_seconds()


def test_what_is_kept_cannot_be_read_without_the_tabs_key(office: Office, dave: User, campus: Campus) -> None:
    browser = office(dave)
    _same, answer = _typed_into(browser, "/office/student/admit/", "given_name", **ADMITTED)
    key = re.search(r"typed%3D([\w-]+)", answer["Location"])[1]  # type: ignore[index]
    sealed = typed.TYPED.get(typed._digest(key), load=lambda: b"")
    assert sealed
    assert b"Neil" not in sealed
    assert typed.kept(key, dave) is not None
    assert typed.kept(key[:-1], dave) is None


def test_a_form_without_the_mark_of_somebody_is_not_kept(office: Office) -> None:
    for said in ({"given_name": "Zoë"}, {"given_name": "Zoë", typed.MARK: "made:up"}):
        answer = office().post("/office/student/admit/", said)
        assert answer["Location"] == "/office/login/?next=%2Foffice%2Fstudent%2Fadmit%2F"


def test_it_comes_back_to_the_page_that_the_form_stood_on(office: Office, bob: User, campus: Campus) -> None:
    """A form may be posted to another address than its page's, which nobody can open."""
    browser = office(bob)
    form = _form(browser.get("/roll/"), "next")
    _ends(browser)
    said = {**form.said, "csrfmiddlewaretoken": "", "entry": "1"}
    answer = browser.post(
        "/office/desk/00000000-0000-0000-0000-000000000001/undo/",
        said,
        headers={"referer": "http://oak.localhost/office/desk/?day=2026-11-03"},
    )
    assert "%2Foffice%2Fdesk%2F%3Fday%3D2026-11-03" in answer["Location"]


# --- another tab ------------------------------------------------------------------------------------------------------
@pytest.fixture
def checked(in_oak: School) -> Browser:
    """A browser whose forms are checked as they are in production."""
    return Browser(Client(enforce_csrf_checks=True, headers={"host": "oak.localhost", "accept": "text/html"}))


def _comes_in(browser: Browser, user: str) -> None:
    page = _form(browser.get("/office/login/"), "password").said
    said = {**page, "login": user, "password": people.PASSWORD, "code": ""}
    assert browser.post("/office/login/", said).status_code == 302


def test_whoever_logged_in_again_in_another_tab_finds_what_they_typed(
    checked: Browser, dave: User, campus: Campus
) -> None:
    _comes_in(checked, "dave")
    form = _form(checked.get("/office/student/admit/"), "given_name")
    out = _form(checked.get("/office/"), "csrfmiddlewaretoken").said
    checked.post("/office/logout/", out)
    _comes_in(checked, "dave")
    answer = checked.post("/office/student/admit/", {**form.said, **ADMITTED})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "What you typed is kept for an hour" in page
    assert "CSRF" not in page
    way = html.unescape(re.search(r'class="office-button" href="([^"]+)"', page)[1])  # type: ignore[index]
    back = _form(checked.get(way), "given_name").said
    assert {name: back[name][0] for name in ADMITTED} == ADMITTED
    del back["given_name"]
    assert checked.post("/office/student/admit/", back).status_code == 422


def test_the_second_of_two_login_pages_leads_in(checked: Browser, dave: User, campus: Campus) -> None:
    second = _form(checked.get("/office/login/?next=/office/rolls/"), "password").said
    _comes_in(checked, "dave")
    said = {**second, "login": "dave", "password": people.PASSWORD, "code": ""}
    answer = checked.post("/office/login/?next=/office/rolls/", said)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert people.PASSWORD not in page
    way = html.unescape(re.search(r'class="office-button" href="([^"]+)"', page)[1])  # type: ignore[index]
    assert checked.get(way)["Location"] == "/office/rolls/"


def test_a_family_is_promised_nothing_that_its_pages_do_not_bring_back(
    checked: Browser, carol: User, campus: Campus
) -> None:
    child = people.students_in(campus.section)[0]
    _comes_in(checked, "carol")
    address = f"/family/children/{child.sourced_id}/leave/"
    form = _form(checked.get(address), "reason")
    checked.client.cookies.pop("csrftoken")
    said = {**form.said, "starts_on": "2026-11-09", "ends_on": "2026-11-10", "reason": "A wedding"}
    answer = checked.post(address, said, headers={"referer": f"http://oak.localhost{address}"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "is kept for an hour" not in page
    assert f'href="{address}"' in page


# --- filling in -------------------------------------------------------------------------------------------------------
def test_only_the_form_that_was_sent_is_filled_in() -> None:
    page = (
        '<form method="get"><input name="q" value="1"></form>\n'
        '<form method="post" action="/there/"><textarea name="note">old</textarea><input name="one" @click="x()">'
        '<input type="password" name="secret"><select name="who" data-x="1"><option value="1" selected>One</select>'
        "</form>"
    )
    said = Typed("/there/", {"note": ["new <b>"], "q": ["2"], "secret": ["x"], "one": ["a&b"], "who": ["9"]})
    filled = filled_in(page, said, at="/here/", names=lambda _has, key: f"Row {key}")
    assert filled == (
        '<form method="get"><input name="q" value="1"></form>\n'
        '<form method="post" action="/there/"><textarea name="note">\nnew &lt;b&gt;</textarea>'
        '<input name="one" @click="x()" value="a&amp;b">'
        '<input type="password" name="secret"><select name="who" data-x="1"><option value="1">One'
        '<option value="9" selected>Row 9</option></select></form>'
    )
    assert filled_in(page, Typed("/elsewhere/", said.fields), at="/here/", names=lambda _has, _key: "") == page


def _two_sections(first: str = "1") -> str:
    return "".join(
        f'<form method="post"><input type="hidden" name="section" value="{key}"><input name="moment" value=""></form>'
        for key in (first, "2")
    )


def test_of_forms_that_ask_the_same_the_one_is_filled_in_whose_it_is() -> None:
    said = Typed("/here/", {"section": ["2"], "moment": ["noon"]})
    first, second = forms_on(filled_in(_two_sections(), said, at="/here/", names=lambda _has, _key: ""))
    assert (first.said["section"], first.said["moment"]) == (["1"], [""])
    assert (second.said["section"], second.said["moment"]) == (["2"], ["noon"])
    # Nor does what was typed of one that is not there any more stand under the name of another.
    gone = Typed("/here/", {"section": ["3"], "moment": ["noon"]})
    assert filled_in(_two_sections(), gone, at="/here/", names=lambda _has, _key: "") == _two_sections()
    # What has no brother may have changed since, as a version does.
    alone = '<form method="post"><input type="hidden" name="version" value="8"><input name="name" value=""></form>'
    back = filled_in(
        alone, Typed("/here/", {"version": ["7"], "name": ["Ada"]}), at="/here/", names=lambda _has, _key: ""
    )
    assert forms_on(back)[0].said == {"version": ["7"], "name": ["Ada"]}


def test_a_mark_out_of_a_page_does_not_fill_the_store(
    office: Office, dave: User, erin: User, campus: Campus, settings: Any
) -> None:
    settings.RATE_LIMIT_FACTOR = 1
    browser = office(dave)
    page = "/office/student/admit/"
    form = _form(browser.get(page), "given_name")
    _ends(browser)
    answers = [browser.post(page, form.said | ADMITTED)["Location"] for _each in range(FORMS_KEPT.most + 2)]
    kept = ["typed%3D" in each for each in answers]
    assert kept == [True] * FORMS_KEPT.most + [False] * 2
    # And somebody else's is kept as before.
    _same, answer = _typed_into(office(erin), page, "given_name", **ADMITTED)
    assert "typed%3D" in answer["Location"]


def test_the_page_says_before_the_login_ends(office: Office, dave: User, bob: User, campus: Campus) -> None:
    for user, page in ((dave, "/office/"), (bob, "/roll/")):
        assert 'id="login-ends"' in office(user).get(page).content.decode()
    assert 'id="login-ends"' not in office().get("/office/login/").content.decode()
