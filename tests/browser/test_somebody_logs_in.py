"""Somebody logs in by the page, finds a student by their number, and filters a list without a mouse."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from apps.access import services as access
from apps.accounts import services as accounts
from apps.accounts.models import OneTimeLink
from schoolops.audit.trail import SYSTEM
from tests.browser.axe import axe
from tests.browser.keys import every_click_has_a_key
from tests.factories import people

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene


def test_somebody_logs_in_and_finds_a_student(visit: Visit, scene: Scene) -> None:
    page = visit(None, "/office/login/")
    axe(page)
    every_click_has_a_key(page)
    page.get_by_label("Username or e-mail").fill("dave")
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    with scene.inside():
        student = people.students_in(scene.campus.section)[0]
    # By keyboard: what opens a menu is a button.
    account = page.get_by_role("button", name="Dave")
    account.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Navigation").press("Enter")
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.get_by_role("button", name="Navigation").press("Enter")
    page.get_by_label("Find somebody").fill(student.admission_number)
    page.get_by_label("Find somebody").press("Enter")
    axe(page, within=".office:not(.office-find)")
    page.get_by_role("link", name=student.full_name).click()
    expect(page.get_by_role("heading", name="Family")).to_be_visible()

    page.goto(visit.address("/office/students/student/"))
    axe(page, within="#nav-sidebar")
    every_click_has_a_key(page)
    filters, panel = page.get_by_role("button", name="Filters", exact=True), page.locator("#changelist-filter")
    filters.press("Space")
    expect(panel.locator(":focus")).to_be_visible()
    page.keyboard.press("Escape")
    expect(filters).to_be_focused()
    expect(panel).to_be_hidden()
    filters.press("Enter")
    expect(panel.locator(":focus")).to_be_visible()
    panel.get_by_role("button", name="Apply Filters").press("Enter")
    page.wait_for_url("**/students/student/?*")


def test_filters_opened_by_a_key_have_the_keys_however_late_they_are_shown(visit: Visit, scene: Scene) -> None:
    page = visit(scene.dave, "/office/")
    page.add_init_script(
        "const frame = requestAnimationFrame; window.requestAnimationFrame = (then) => setTimeout(frame, 300, then);"
    )
    page.goto(visit.address("/office/students/student/"))
    filters, panel = page.get_by_role("button", name="Filters", exact=True), page.locator("#changelist-filter")
    for _ in range(2):
        filters.press("Enter")
        expect(panel.locator(":focus")).to_be_visible()
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()


def test_support_comes_in_by_its_link(visit: Visit, scene: Scene) -> None:
    ends_at = people.SCHOOL_MOMENT + dt.timedelta(days=2)
    with scene.inside():
        guest = accounts.let_support_in(operator="dana", name="dana", until=ends_at, by=SYSTEM)
        access.assign_role(user=guest, role="support", by=scene.erin)
        secret = accounts.hand_support_in(user=guest).token
        # The served site lives at this time of day, whichever it is.
        OneTimeLink.objects.update(expires_at=ends_at)
    page = visit(None, f"/support#{secret}")
    axe(page)
    page.get_by_role("button", name="Come in").press("Enter")
    expect(page.get_by_role("complementary", name="Support")).to_contain_text("dana (support) is here")
    assert secret not in page.url
    axe(page, within=".office-support")


def test_the_description_of_the_api_opens_and_loads_nothing_it_may_not(visit: Visit) -> None:
    page = visit(None, "/api/v1/docs")
    page.locator("#operations-tag-auth").click()
    expect(page.locator("#operations-auth-log_in")).to_be_visible()
    answer = page.reload()
    assert answer is not None
    assert "script-src 'self';" in answer.headers["content-security-policy"]
