"""In a browser: a role is edited and a menu vanishes; somebody logs in by the page and finds a student."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.axe import axe

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene


def test_a_permission_goes_and_a_menu_vanishes(visit: Visit, scene: Scene) -> None:
    dave = visit(scene.dave, "/office/")
    menu = dave.locator("#nav-sidebar")
    expect(menu.get_by_role("link", name="Late desk")).to_be_visible()

    erin = visit(scene.erin, "/office/roles/")
    erin.locator("main, #content").get_by_role("link", name="Registrar").first.click()
    expect(erin.get_by_role("heading", name="What they find in the navigation")).to_be_visible()
    axe(erin)
    allowed = erin.get_by_role("checkbox", name="Enter office codes and late arrivals")
    expect(allowed).to_be_checked()
    allowed.uncheck()
    erin.get_by_role("button", name="Save", exact=True).click()
    expect(erin.get_by_text(" is saved. It holds from everybody's next click on.")).to_be_visible()
    expect(erin.get_by_role("checkbox", name="Enter office codes and late arrivals")).not_to_be_checked()

    dave.reload()
    expect(menu.get_by_role("link", name="Lists to print")).to_be_visible()
    expect(menu.get_by_role("link", name="Late desk")).to_have_count(0)
    # Nor does the page open for somebody who remembers its address.
    visit.expect("403")
    assert dave.goto(visit.address("/office/desk/")).status == 403
