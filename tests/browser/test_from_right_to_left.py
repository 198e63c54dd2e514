"""In Arabic the pages are in Arabic, and read from the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.axe import axe
from tests.browser.conftest import DESKTOP, PHONE

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene


def test_a_roll_is_marked_in_arabic(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, "/roll/", width=PHONE, language="ar")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("heading", level=1)).to_have_text("صفوفي اليوم")
    axe(page)
    page.get_by_role("link", name="7 B").tap()
    row = page.get_by_role("group", name="Amina Hassan")
    row.get_by_role("radio", name="غائب", exact=True).tap()
    expect(page.locator("#count")).to_have_text("11 حاضر · 1 غائب · 0 نصف يوم")
    # The first code stands at the right.
    first, second = (row.get_by_role("radio").nth(n).bounding_box() for n in (0, 1))
    assert first["x"] > second["x"]
    axe(page)
    page.get_by_role("button", name="حفظ الكشف").tap()
    expect(page.get_by_role("status")).to_contain_text("11 حاضر، 1 غائب")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_office_reads_from_the_right(visit: Visit, scene: Scene, width: dict[str, int]) -> None:
    page = visit(scene.alice, "/office/", language="ar", width=width)
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("heading", level=1)).to_have_text("البداية")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width is DESKTOP:
        sidebar = page.locator("#nav-sidebar").bounding_box()
        assert sidebar["x"] > DESKTOP["width"] / 2
        # A week goes on to the left, and so do the arrows.
        page.goto(visit.address(f"/office/rolls/section/{scene.campus.section.sourced_id}/week/2026-11-04/"))
        monday = page.locator("[data-cell=code]").first
        expect(monday).to_be_focused()
        page.keyboard.press("ArrowLeft")
        tuesday = page.locator("[data-cell]:focus")
        assert tuesday.bounding_box()["x"] < monday.bounding_box()["x"]
        axe(page, within=".day")


def test_a_language_is_chosen_and_kept(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, "/roll/", width=PHONE)
    page.get_by_role("button", name="العربيّة").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("صفوفي اليوم")
    again = visit(scene.bob, "/roll/")
    expect(again.get_by_role("heading", level=1)).to_have_text("صفوفي اليوم")
