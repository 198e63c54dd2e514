"""From an empty office to the first roll by its own pages, left and taken up at any step."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from apps.accounts.models import User
from apps.institutions.models import AcademicYear, GradeLevel, Institution, Section, Term
from apps.institutions.services import add_term
from apps.office.setup.pages.beginning import WORDS
from apps.office.setup.pages.countries import COUNTRIES, terms_of
from apps.office.setup.selectors import CAPABILITIES, STEPS, readiness
from apps.staff.models import StaffMember, TeachingAssignment
from apps.students.models import SectionMembership, Student
from schoolops import clock
from tests.factories import people
from tests.factories.people import SCHOOL_DAY

Office = Callable[..., Any]
# The attribute, not a class of the theme.
CHECKED = re.compile(r" checked[ >]")
BEGIN = "/office/set-up/begin/"


@pytest.fixture
def erin(in_oak: object) -> User:
    return people.a_user("erin", role="administrator")


def _said(page: str) -> dict[str, Any]:
    """What the form of ``page`` would send as it stands."""
    form = page[page.index('<form method="post" action="/office/set-up/begin/') :]
    form = form[: form.index("</form>")]
    said: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or ("checkbox" in tag and not CHECKED.search(tag)):
            continue
        said.setdefault(name[1], []).append(value[1] if value else "")
    for name, inner in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        said[name] = re.findall(r'value="([^"]*)" selected', inner)
    for name, inner in re.findall(r'<textarea name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        said[name] = [inner.strip()]
    return said


def _step(page: str) -> str:
    found = re.search(r'begin/(\w+)/" aria-current="step"', page)
    assert found is not None
    return found[1]


def test_a_school_goes_from_nothing_to_the_first_roll(office: Office, erin: User) -> None:
    browser = office(erin)
    assert "Set the school up: the first steps" in browser.get("/office/").content.decode()
    assert _step(browser.get(BEGIN).content.decode()) == "campus"
    said = _said(browser.get(f"{BEGIN}campus/?country=QA").content.decode())
    assert (said["timezone"], said["currency"], said["weekend"]) == (["Asia/Qatar"], ["QAR"], ["5", "6"])
    assert browser.post(f"{BEGIN}campus/", {**said, "name": "Oak"}).headers["Location"] == f"{BEGIN}year/"
    campus = Institution.objects.get()
    assert (campus.timezone, campus.currency, campus.weekend, campus.locale) == ("Asia/Qatar", "QAR", [5, 6], "ar")
    with clock.frozen(people.SCHOOL_MOMENT):
        said = _said(browser.get(f"{BEGIN}year/").content.decode())
        assert browser.post(f"{BEGIN}year/", said).headers["Location"] == f"{BEGIN}levels/"
        year = AcademicYear.objects.get(state="active")
        assert (year.name, year.starts_on, year.ends_on) == ("2026/2027", dt.date(2026, 9, 1), dt.date(2027, 6, 30))
        assert [each.name for each in Term.objects.order_by("starts_on")] == ["Term 1", "Term 2"]
        levels = {"levels": "KG 1\nGrade 1\nGrade 2", "sections": "A, B"}
        assert browser.post(f"{BEGIN}levels/", levels).headers["Location"] == f"{BEGIN}staff/"
        assert list(GradeLevel.objects.values_list("code", flat=True)) == ["KG1", "01", "02"]
        assert Section.objects.count() == 6
        first = Section.objects.get(grade_level__code="01", name="A")
        staff = {"given_name_1": "Ada", "family_name_1": "Byron", "email_1": "ada@example.org", "section_1": first.pk}
        assert browser.post(f"{BEGIN}staff/", staff).headers["Location"] == f"{BEGIN}students/"
        assert TeachingAssignment.objects.get().section == first
        students = {"given_name_1": "Zoë", "section_1": first.pk, "given_name_2": "Omar", "section_2": first.pk}
        again = browser.post(f"{BEGIN}students/", {**students, "more": "1"})
        assert again.headers["Location"] == f"{BEGIN}students/"
        assert SectionMembership.objects.filter(section=first).count() == 2
        assert _step(browser.get(BEGIN).content.decode()) == "roll"
        assert "Grade 1 A" in browser.get("/office/rolls/").content.decode()
        missing = {line.step for line in readiness(SCHOOL_DAY, by=erin) if not line.done}
        assert missing == {"calendar", "teachers", "guardians", "guardian-mail"}


def test_a_step_that_was_done_shows_what_was_said_and_changes_it(office: Office, erin: User) -> None:
    browser = office(erin)
    with clock.frozen(people.SCHOOL_MOMENT):
        people.a_school_year(sections=("7 B",))
        said = _said(browser.get(f"{BEGIN}campus/").content.decode())
        assert said["name"] == [Institution.objects.get().name]
        assert said["timezone"] != ["UTC"]
        terms = Term.objects.count()
        said = _said(browser.get(f"{BEGIN}year/").content.decode())
        assert browser.post(f"{BEGIN}year/", {**said, "name": "This year"}).status_code == 302
        assert AcademicYear.objects.get(state="active").name == "This year"
        assert Term.objects.count() == terms or not terms
        before = set(Section.objects.values_list("pk", flat=True))
        said = _said(browser.get(f"{BEGIN}levels/").content.decode())
        assert browser.post(f"{BEGIN}levels/", said).status_code == 302
        assert before <= set(Section.objects.values_list("pk", flat=True))


def test_a_step_before_its_turn_says_what_comes_first(office: Office, erin: User) -> None:
    browser = office(erin)
    for step in WORDS:
        page = browser.get(f"{BEGIN}{step}/")
        assert page.status_code == 200
        assert ("This comes after" in page.content.decode()) == (step != "campus")
    assert browser.post(f"{BEGIN}students/", {"given_name_1": "Zoë"}).status_code == 200
    assert browser.get(f"{BEGIN}nothing/").status_code == 404


def test_what_is_wrong_stands_in_its_line_and_nothing_of_the_others_is_written(office: Office, erin: User) -> None:
    browser = office(erin)
    with clock.frozen(people.SCHOOL_MOMENT):
        campus = people.a_school_year(sections=("7 B",))
        key = campus.section.pk
        wrong = browser.post(
            f"{BEGIN}students/",
            {"given_name_1": "Zoë", "section_1": key, "given_name_2": "Omar", "family_name_3": "Nobody"},
        )
        assert wrong.status_code == 422
        page = wrong.content.decode()
        assert "Choose the section." in page
        assert "A given name is missing here." in page
        assert 'value="Zoë"' in page
        assert not SectionMembership.objects.exists()


def test_a_page_of_people_that_is_sent_twice_adds_them_once(office: Office, erin: User) -> None:
    browser = office(erin)
    with clock.frozen(people.SCHOOL_MOMENT):
        campus = people.a_school_year(sections=("7 B",))
        for step, model in (("staff", StaffMember), ("students", Student)):
            shown = _said(browser.get(f"{BEGIN}{step}/").content.decode())
            said = {**shown, "given_name_1": "Zoë", "section_1": campus.section.pk}
            before = model.objects.count()
            assert browser.post(f"{BEGIN}{step}/", said).status_code == 302
            again = browser.post(f"{BEGIN}{step}/", said)
            assert again.status_code == 422
            assert "if it was sent twice" in again.content.decode()
            assert model.objects.count() == before + 1
            # Who is meant all the same is saved from there.
            meant = {**_said(again.content.decode()), "given_name_1": "Zoë", "section_1": campus.section.pk}
            assert browser.post(f"{BEGIN}{step}/", meant).status_code == 302
            assert model.objects.count() == before + 2


def test_a_term_that_was_added_meanwhile_is_not_taken_for_one_that_was_emptied(office: Office, erin: User) -> None:
    browser = office(erin)
    with clock.frozen(people.SCHOOL_MOMENT):
        campus = people.a_school_year(sections=("7 B",))
        Term.objects.all().delete()
        said = _said(browser.get(f"{BEGIN}year/").content.decode())
        said |= {f"term_{number}_{name}": "" for number in range(1, 5) for name in ("name", "starts_on", "ends_on")}
        days = {"starts_on": campus.year.starts_on, "ends_on": campus.year.starts_on + dt.timedelta(days=60)}
        add_term(year=campus.year, fields={"name": "Autumn", **days}, by=erin)
        assert browser.post(f"{BEGIN}year/", said).status_code == 302
        assert Term.objects.get().name == "Autumn"
        shown = _said(browser.get(f"{BEGIN}year/").content.decode())
        emptied = {f"term_1_{name}": "" for name in ("name", "starts_on", "ends_on")}
        assert browser.post(f"{BEGIN}year/", shown | emptied).status_code == 302
        assert not Term.objects.exists()


def test_nothing_is_chosen_for_a_campus_before_somebody_has_chosen_it(office: Office, erin: User) -> None:
    for address in ("/office/institutions/institution/add/", f"{BEGIN}campus/"):
        page = office(erin).get(address).content.decode()
        for name in ("timezone", "currency"):
            select = page[page.index(f'<select name="{name}"') :]
            assert re.search(r'<option value=""[^>]*>choose', select[: select.index("</option>")])
    assert 'value="#1d4ed8"' in office(erin).get("/office/institutions/institution/add/").content.decode()
    assert 'name="weekend" value="7"' in page
    assert not CHECKED.search(page)
    assert office(erin).post(f"{BEGIN}campus/", {"name": "Oak", "code": "A"}).status_code == 422


def test_every_page_of_the_sidebar_opens_in_an_empty_school(office: Office, erin: User) -> None:
    browser = office(erin)
    start = browser.get("/office/").content.decode()
    menu = start[start.index('id="nav-sidebar-apps"') : start.index('id="main"')]
    addresses = re.findall(r'href="(/office/[^"]*)"', menu)
    assert len(addresses) > 20
    answers = {address: browser.get(address, follow=True) for address in addresses}
    refused = {address for address, answer in answers.items() if answer.status_code != 200}
    assert all(b"First steps" in answers[address].content for address in refused)
    assert {answers[address].status_code for address in refused} <= {409}


def test_the_check_list_says_what_the_school_can_do(office: Office, erin: User) -> None:
    empty = office(erin).get("/office/set-up/").content.decode()
    assert "Nothing is set up yet" in empty
    assert "Your school is ready" not in empty
    people.a_school_year(sections=("7 B",))
    page = office(erin).get("/office/set-up/").content.decode()
    for words in ("Take rolls", "Plan the year", "Invite staff", "Invite guardians"):
        assert words in page
    assert sorted(STEPS) == sorted(step for steps in CAPABILITIES.values() for step in steps)


@pytest.mark.parametrize("code", sorted(COUNTRIES))
def test_a_country_proposes_a_year_that_today_lies_in_or_comes_before(code: str) -> None:
    country = COUNTRIES[code]
    for day in (dt.date(2026, month, 15) for month in range(1, 13)):
        first, last = country.year_of(day)
        assert first < last
        assert day <= last
        assert (first - day).days < 190
        terms = terms_of(first, last, country.terms)
        assert (terms[0][0], terms[-1][1], len(terms)) == (first, last, country.terms)
        assert all(after[0] - before[1] == dt.timedelta(days=1) for before, after in pairwise(terms))
