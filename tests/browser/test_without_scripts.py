"""Without scripts the office is plain pages: logging in, lists, records, the menu and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import people

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

PAGES = ("/office/", "/office/students/student/", "/office/set-up/", "/office/set-up/begin/campus/", "/office/rolls/")


def _seen(page: Page) -> None:
    expect(page.locator("html")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    expect(page.get_by_role("link", name="Check-list").first).to_be_visible()


def test_somebody_comes_in_reads_changes_and_goes(visit: Visit, scene: Scene) -> None:
    page = visit(None, "/office/login/", scripts=False)
    page.get_by_label("Username or e-mail").fill("erin")
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    for width in (DESKTOP, PHONE):
        page.set_viewport_size(width)
        for path in PAGES:
            page.goto(visit.address(path))
            _seen(page)
    page.set_viewport_size(DESKTOP)
    with scene.inside():
        campus = scene.campus.institution
    page.goto(visit.address(f"/office/institutions/institution/{campus.pk}/change/"))
    page.locator("input[name=name]").fill("Oak by the river")
    page.locator("button[name=_save], input[name=_save]").first.click()
    with scene.inside():
        campus.refresh_from_db()
        assert campus.name == "Oak by the river"
    page.get_by_role("button", name="Log out").click()
    page.goto(visit.address("/office/"))
    expect(page.get_by_label("Password")).to_be_visible()
