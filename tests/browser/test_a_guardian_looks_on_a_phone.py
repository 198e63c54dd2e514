"""The family's pages in a browser: narrow and wide, from the left and from the right, and without a script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.attendance.models import Leave
from tests.apps.family import household
from tests.browser.axe import axe
from tests.browser.conftest import PHONE
from tests.factories import people

if TYPE_CHECKING:
    from tests.apps.family.household import Household
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

NARROW = {"width": 320, "height": 640}
WIDTHS = (320, 390, 1280)
OF_CHILD = (
    "child", "attendance", "timetable", "exams", "marks", "cards", "bills", "leave", "looked", "calendar",
)  # fmt: skip
OWN = ("home", "notices", "contact", "preferences")


@pytest.fixture
def home(scene: Scene) -> Household:
    """Carol's children, of whom there is something to see everywhere."""
    with scene.inside():
        return household.made(scene.campus, head=scene.alice, teacher=scene.bob, guardian=scene.carol)


def fits(page: Page) -> None:
    """Nothing runs out of the page at any width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
            f"{page.url} at {width}"
        )


@pytest.mark.parametrize(("language", "direction"), [("en-GB", "ltr"), ("ar", "rtl")])
def test_every_page_reads_well_at_any_width(
    visit: Visit, scene: Scene, home: Household, language: str, direction: str
) -> None:
    page = visit(scene.carol, "/family/", width=NARROW, language=language)
    expect(page.locator("html")).to_have_attribute("dir", direction)
    for name in (*OWN, *OF_CHILD):
        address = reverse(f"family:{name}", args=[] if name in OWN else [home.child.sourced_id])
        page.goto(visit.address(address))
        axe(page)
        fits(page)


def test_without_a_script_a_guardian_logs_in_asks_for_leave_and_leaves(
    visit: Visit, scene: Scene, home: Household, tmp_path: Path
) -> None:
    note = tmp_path / "note.pdf"
    note.write_bytes(b"%PDF-1.7")
    page = visit(None, "/family/", width=PHONE, scripts=False)
    page.locator("[name=login]").fill("carol")
    page.locator("[name=password]").fill(people.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Came late")).to_be_visible()
    page.get_by_role("link", name=home.child.full_name).click()
    page.get_by_role("navigation").get_by_role("link", name="Leave").click()
    page.get_by_label("From").fill("2026-11-09")
    page.get_by_label("Reason").fill("A wedding")
    page.get_by_label("A paper or photo of it").set_input_files(note)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The school has it.")).to_be_visible()
    with scene.inside():
        assert Leave.objects.filter(reason="A wedding").exclude(attachment="").count() == 1
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
