"""Pages speak the reader's language; the API speaks English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.access.models import Role
from apps.accounts import services
from apps.accounts.models import User
from apps.attendance.models import AttendanceRecord
from apps.institutions.models import CalendarDay, Institution
from schoolops.audit.models import AuditEntry
from tests.factories import people
from tests.factories.people import SCHOOL_DAY, Campus

Office = Callable[..., Any]
ARABIC, ENGLISH = "صفوفي اليوم", "My classes today"


def _said(office: Office, user: User, asked: str = "") -> str:
    headers = {"Accept-Language": asked} if asked else {}
    answer = office(user).get("/roll/", headers=headers)
    assert answer.status_code == 200
    page: str = answer.content.decode()
    assert f'lang="{answer["Content-Language"]}"' in page
    return page


@pytest.mark.parametrize(
    ("own", "browser", "school", "expected"),
    [
        ("", "", "en-gb", ENGLISH),
        ("", "ar-EG,ar;q=0.9,en;q=0.8", "en-gb", ARABIC),
        ("", "en-GB,en;q=0.9", "ar", ENGLISH),
        ("", "fr-FR,fr;q=0.9", "ar", ARABIC),
        ("", "fr-FR,fr;q=0.9", "en-gb", ENGLISH),
        ("ar", "en-GB", "en-gb", ARABIC),
        ("en", "ar", "ar", ENGLISH),
        ("hi", "ar", "en-gb", ARABIC),
        ("", "", "ar", ENGLISH),
        ("", "not a language;q=x,*", "ar", ARABIC),
    ],
)
def test_the_persons_own_then_the_browsers_then_the_schools(
    office: Office, bob: User, campus: Campus, own: str, browser: str, school: str, expected: str
) -> None:
    User.objects.filter(pk=bob.pk).update(language=own)
    Institution.objects.update(locale=school)
    page = _said(office, bob, browser)
    assert expected in page
    assert ('dir="rtl"' in page) == (expected == ARABIC)


def test_dates_and_numbers_are_written_as_the_language_writes_them(office: Office, bob: User, campus: Campus) -> None:
    User.objects.filter(pk=bob.pk).update(language="ar")
    page = _said(office, bob)
    assert "الأربعاء" in page
    assert "نوفمبر" in page
    assert "12 طالبًا" in page
    User.objects.filter(pk=bob.pk).update(language="en-gb")
    assert "Wednesday, 4 November 2026" in _said(office, bob)


def test_a_refusal_says_in_arabic_why(office: Office, erin: User, campus: Campus) -> None:
    User.objects.filter(pk=erin.pk).update(language="ar")
    saturday = SCHOOL_DAY - dt.timedelta(days=4)
    page = office(erin).get(f"/roll/section/{campus.section.sourced_id}/{saturday}/").content.decode()
    assert "لا دراسة يوم" in page
    assert "عطلة نهاية الأسبوع" in page


def test_marks_are_the_same_in_every_language(office: Office, bob: User, campus: Campus) -> None:
    User.objects.filter(pk=bob.pk).update(language="ar")
    address = f"/roll/section/{campus.section.sourced_id}/{SCHOOL_DAY}/"
    page = office(bob).get(address).content.decode()
    assert 'value="P"' in page
    assert 'aria-label="حاضر"' in page
    assert not AttendanceRecord.objects.exists()


def test_a_person_chooses_and_is_remembered_everywhere(office: Office, bob: User, campus: Campus) -> None:
    browser = office(bob)
    answer = browser.post("/language/", {"language": "ar", "next": "/roll/"})
    assert (answer.status_code, answer["Location"]) == (303, "/roll/")
    bob.refresh_from_db()
    assert bob.language == "ar"
    assert AuditEntry.objects.filter(action="accounts.language-chosen").count() == 1
    assert ARABIC in _said(office, bob)
    # The same once more is no news.
    browser.post("/language/", {"language": "ar"})
    assert AuditEntry.objects.filter(action="accounts.language-chosen").count() == 1


def test_the_menu_at_ones_name_offers_the_other_language_in_its_own_words(
    office: Office, erin: User, campus: Campus
) -> None:
    for own, offered in (("en", "العربي"), ("ar", "English")):
        User.objects.filter(pk=erin.pk).update(language=own)
        page = office(erin).get("/office/students/student/?q=a").content.decode()
        menu = page[page.index('id="office-account"') :]
        menu = menu[: menu.index("</nav>")]
        assert 'action="/language/"' in menu
        assert 'value="/office/students/student/?q=a"' in menu
        assert offered in menu


def test_a_stranger_chooses_on_this_device(office: Office, bob: User) -> None:
    browser = office()
    browser.post("/language/", {"language": "ar", "next": "/office/login/"})
    assert "تسجيل الدخول" in browser.get("/office/login/").content.decode()


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_choosing_a_language_leads_nowhere_else(office: Office, bob: User, wanted: str) -> None:
    answer = office(bob).post("/language/", {"language": "xx", "next": wanted})
    assert answer["Location"] == "/office/"
    assert "language" not in answer.cookies


def test_the_api_speaks_english_to_everybody(at_oak: Any, bob: User, campus: Campus) -> None:
    User.objects.filter(pk=bob.pk).update(language="ar")
    answer = at_oak(bob)("GET", f"sections/{campus.sections['7 C'].sourced_id}/roll/{SCHOOL_DAY}",
                         **{"Accept-Language": "ar"})  # fmt: skip
    assert answer.json()["detail"] == "There is nothing here by that name that you may see."


@pytest.mark.parametrize(("own", "school", "expected"), [("ar", "en-gb", "بيانات دخولك"), ("", "ar", "بيانات دخولك"),
                                                         ("en", "ar", "Your login for")])  # fmt: skip
def test_an_invitation_is_written_in_the_language_of_who_reads_it(
    campus: Campus, bob: User, own: str, school: str, expected: str
) -> None:
    Institution.objects.update(locale=school)
    User.objects.filter(pk=bob.pk).update(language=own, email="bob@example.org")
    letter = services.invitation_letter(user_id=bob.pk)
    assert letter is not None
    assert letter.subject.startswith(expected)
    said = "en-gb" if own == "en" else "ar"
    assert f"/redeem?language={said}#" in letter.body


def test_where_a_letter_leads_speaks_as_the_letter_until_somebody_chooses(office: Office, bob: User) -> None:
    browser = office()
    browser.post("/language/", {"language": "en", "next": "/office/login/"})
    page = browser.get("/redeem?language=ar")
    assert page["Content-Language"] == "ar"
    assert browser.post("/redeem?language=ar", {})["Content-Language"] == "ar"
    assert browser.get("/redeem?language=xx")["Content-Language"] == "en-gb"
    # Nowhere else: a page has parameters of its own.
    assert browser.get("/office/login/?language=ar")["Content-Language"] == "en-gb"
    assert 'name="next" value="/redeem?language=ar"' in page.content.decode()
    answer = browser.post("/language/", {"language": "en", "next": "/redeem?language=ar"})
    assert answer["Location"] == "/redeem"
    answer = browser.post("/language/", {"language": "en", "next": "/support?language=ar"})
    assert answer["Location"] == "/support"
    # Of who said no language and whose school says none, a letter is in English, and the page as the browser asks.
    handed = services.hand_out_link(user=User.objects.get(pk=bob.pk), by=bob)
    assert handed.link.partition("#")[0].endswith("/redeem")


def test_operators_read_english(client_for: Any, db: None) -> None:
    answer = Client(headers={"host": "localhost"}).get("/operators/login/", headers={"Accept-Language": "ar"})
    assert (answer.status_code, answer["Content-Language"]) == (200, "en-gb")


def test_what_a_service_refuses_of_one_student_is_said_in_arabic(office: Office, bob: User, campus: Campus) -> None:
    User.objects.filter(pk=bob.pk).update(language="ar")
    section, first = campus.section, people.students_in(campus.section)[0]
    posted = {"student": [str(first.sourced_id)], f"code-{first.sourced_id}": "Q", "version": "0"}
    answer = office(bob).post(f"/office/rolls/section/{section.sourced_id}/{SCHOOL_DAY}/", posted)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "لا يوجد رمز حضور Q." in page
    assert "There is no attendance code" not in page
    assert "is not marked" not in page


def test_a_field_of_a_form_is_refused_in_arabic(office: Office, erin: User, campus: Campus) -> None:
    User.objects.filter(pk=erin.pk).update(language="ar")
    said = {"starts_on": "2026-11-10", "kind": CalendarDay.Kind.TIMING_CHANGE, "title": "x"}
    page = office(erin).post("/office/calendar/", said).content.decode()
    assert "عند تغيير الأوقات يُذكر متى يبدأ اليوم" in page


def test_the_api_says_of_a_field_in_english(at_oak: Any, bob: User, campus: Campus) -> None:
    User.objects.filter(pk=bob.pk).update(language="ar")
    address = f"sections/{campus.section.sourced_id}/roll/{SCHOOL_DAY}"
    records = [{"student_id": str(people.students_in(campus.section)[0].sourced_id), "code": "Q"}]
    answer = at_oak(bob)("PUT", address, {"records": records, "version": 0}, **{"Accept-Language": "ar"})
    assert "There is no attendance code Q." in {each["message"] for each in answer.json()["errors"]}


def test_the_frame_of_a_page_is_in_arabic_too(office: Office, erin: User, campus: Campus) -> None:
    User.objects.filter(pk=erin.pk).update(language="ar")
    page = office(erin).get("/office/students/student/").content.decode()
    for english in ("Find somebody", "Type to search", "Students<", ">Students", "Show all", "Navigation"):
        assert english not in page, english
    assert "الأربعاء، 4 نوفمبر 2026" in office(erin).get("/office/").content.decode()
    grid = office(erin).get(f"/office/rolls/section/{campus.section.sourced_id}/{SCHOOL_DAY}/").content.decode()
    assert "Excused absence" not in grid
    assert (
        ">imports<"
        not in office(erin).get(f"/office/roles/{Role.objects.get(code='head').sourced_id}/").content.decode()
    )
