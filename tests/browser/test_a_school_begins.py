"""From a school that was just made to its first roll by pages only, and how many clicks that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect

from apps.attendance.models import AttendanceSession
from schoolops import clock
from schoolops.context import inside
from schoolops.tenancy.founders import first_login
from tests.browser.axe import axe
from tests.browser.conftest import PHONE
from tests.factories import people

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from schoolops.tenancy.models import School
    from tests.browser.served import Served

MOST_CLICKS = 45


class Counted:
    """Clicks, choices and fields that are gone to, as one who sits there counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()

    def fill(self, label: str, text: str, *, exact: bool = True) -> None:
        self.clicks += 1
        self.page.get_by_label(label, exact=exact).fill(text)

    def choose(self, label: str, option: str) -> None:
        self.clicks += 2
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def go_on(self) -> None:
        self.click(self.page.get_by_role("button", name="Save and go on"))


def test_from_its_link_to_the_first_roll(browser: Browser, site: Served, fresh_school: Callable[..., School]) -> None:
    from tests.browser.conftest import Visit

    school = fresh_school(name="Birch School")
    with inside(school), clock.frozen(people.SCHOOL_MOMENT):
        link = first_login(username="ada", email="").link
    visit = Visit(browser, site, school)
    page = visit(None, "/redeem#" + link.partition("#")[2])
    hand = Counted(page)
    hand.fill("New password", people.PASSWORD, exact=False)
    hand.fill("Once more", people.PASSWORD, exact=False)
    hand.click(page.get_by_role("button", name="Set the password"))
    steps = page.get_by_role("link", name="Set the school up: the first steps")
    expect(page.get_by_role("button", name="Log in").or_(steps)).to_be_visible()
    if page.get_by_role("button", name="Log in").count():
        hand.fill("Username or e-mail", "ada", exact=False)
        hand.fill("Password", people.PASSWORD, exact=False)
        hand.click(page.get_by_role("button", name="Log in"))
    hand.click(steps)
    axe(page, within=".day")
    hand.choose("Country (optional)", "United Kingdom")
    hand.click(page.get_by_role("button", name="Propose"))
    expect(page.get_by_label("Timezone", exact=True)).to_have_value("Europe/London")
    hand.fill("Name of the campus", "Birch")
    hand.go_on()
    expect(page.get_by_label("Name of the year", exact=True)).to_have_value("2026/2027")
    axe(page, within=".day")
    hand.go_on()
    hand.fill("Grade levels, a line each, the lowest first", "Year 1\nYear 2")
    axe(page, within=".day")
    hand.go_on()
    axe(page, within=".day")
    hand.fill("Given name 1", "Bob")
    hand.fill("E-mail 1", "bob@example.org")
    hand.choose("Teaches 1", "Year 1 A")
    hand.go_on()
    axe(page, within=".day")
    for number, name in enumerate(("Zoë", "Omar", "Lin"), start=1):
        hand.fill(f"Given name {number}", name)
        hand.choose(f"Section {number}", "Year 1 A")
    hand.go_on()
    hand.click(page.get_by_role("link", name="Rolls of today"))
    hand.click(page.get_by_role("link", name="Year 1 A").first)
    hand.click(page.get_by_role("button", name="Save the roll"))
    expect(page.get_by_text(" is saved: 0 absent.")).to_contain_text("Year 1 A")
    with inside(school):
        assert AttendanceSession.objects.count() == 1
    assert hand.clicks <= MOST_CLICKS, hand.clicks
    page.set_viewport_size(PHONE)
    for step in ("campus", "year", "levels", "staff", "students", "roll"):
        page.goto(visit.address(f"/office/set-up/begin/{step}/"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), step
    visit.close()
    assert not visit.unexpected()
