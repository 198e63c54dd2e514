"""In a browser: a role is edited and a menu vanishes; somebody logs in by the page and finds a student."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.axe import axe
from tests.factories import people

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene


def test_a_role_is_edited_and_a_menu_vanishes(visit: Visit, scene: Scene) -> None:
    office = visit(scene.dave, "/office/find/")
    menu = office.get_by_role("link", name="Guardians", exact=True)
    expect(menu).to_be_visible()
    page = visit(scene.erin, "/office/roles/")
    page.get_by_role("link", name="Registrar", exact=True).click()
    axe(page, within=".office")
    page.get_by_label("See guardians and how to reach them").uncheck()
    page.get_by_label("Change guardians and their links to students").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It holds from everybody's next click on.")).to_be_visible()
    office.reload()
    expect(office.get_by_role("link", name="Students", exact=True)).to_be_visible()
    expect(menu).to_have_count(0)


def test_somebody_logs_in_and_finds_a_student(visit: Visit, scene: Scene) -> None:
    page = visit(None, "/office/login/")
    axe(page)
    page.get_by_label("Username or e-mail").fill("dave")
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    with scene.inside():
        student = people.students_in(scene.campus.section)[0]
    page.get_by_label("Find somebody").fill(student.admission_number)
    page.get_by_label("Find somebody").press("Enter")
    axe(page, within=".office:not(.office-find)")
    page.get_by_role("link", name=student.full_name).click()
    expect(page.get_by_role("heading", name="Family")).to_be_visible()
