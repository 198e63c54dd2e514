"""A teacher marks a roll on a phone: with a thumb, with keys, without scripts, and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from apps.attendance.models import AttendanceRecord
from tests.browser.axe import axe
from tests.browser.conftest import PHONE
from tests.factories import people, rolls

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

SAVE = "Save the roll"


def _codes(scene: Scene) -> str:
    with scene.inside():
        records = AttendanceRecord.objects.filter(section=scene.campus.section).order_by("student_id")
        return "".join(records.values_list("teacher_code__code", flat=True))


def _open_the_roll(page: Page) -> None:
    page.get_by_role("link", name="7 B").click()
    expect(page.get_by_role("heading", name="Grade 7 B")).to_be_visible()


def _row(page: Page, name: str):
    return page.get_by_role("group", name=name)


def test_my_classes_tap_mark_saved(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, "/roll/", width=PHONE)
    axe(page)
    _open_the_roll(page)
    axe(page)
    expect(page.locator("#count")).to_have_text("12 present · 0 absent · 0 half")
    _row(page, "Amina Hassan").get_by_role("radio", name="Absent", exact=True).tap()
    # Tapping the name goes through the codes: present, absent, late.
    name = _row(page, "Bilal Khan").get_by_text("Bilal Khan").first
    name.tap()
    name.tap()
    expect(_row(page, "Bilal Khan").get_by_label("Came at")).to_be_visible()
    expect(page.locator("#count")).to_have_text("11 present · 1 absent · 0 half")
    # A thumb reaches it: the button is on the screen whatever was scrolled to, and large.
    button = page.get_by_role("button", name=SAVE)
    expect(button).to_be_in_viewport()
    assert button.bounding_box()["height"] >= 48
    button.tap()
    expect(page.get_by_role("status")).to_contain_text("Grade 7 B is saved: 11 present, 1 absent.")
    expect(page.get_by_role("link", name="7 B")).to_contain_text("Taken")
    assert _codes(scene) == "ALPPPPPPPPPP"
    # Nothing reaches over the edge of the screen.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_works_by_keyboard_alone(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, "/roll/")
    page.get_by_role("link", name="7 B").press("Enter")
    first = _row(page, "Amina Hassan").get_by_role("radio", name="Present")
    first.focus()
    # A letter marks a student and goes to the next.
    page.keyboard.type("apl")
    expect(_row(page, "Dmitri").get_by_role("radio", name="Present")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(_row(page, "Dmitri").get_by_role("radio", name="Absent", exact=True)).to_be_checked()
    page.get_by_role("button", name=SAVE).press("Enter")
    expect(page.get_by_role("status")).to_contain_text("10 present, 2 absent")
    assert _codes(scene) == "APLAPPPPPPPP"


def test_it_works_without_scripts(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, "/roll/", width=PHONE, scripts=False)
    _open_the_roll(page)
    _row(page, "Amina Hassan").get_by_role("radio", name="Absent", exact=True).tap()
    page.get_by_role("button", name=SAVE).tap()
    expect(page.get_by_role("status")).to_contain_text("11 present, 1 absent")
    assert _codes(scene) == "APPPPPPPPPPP"


def test_marks_wait_for_the_network_and_then_arrive(visit: Visit, scene: Scene) -> None:
    visit.expect("ERR_INTERNET_DISCONNECTED")
    page = visit(scene.bob, "/roll/", width=PHONE)
    _open_the_roll(page)
    page.context.set_offline(True)
    _row(page, "Amina Hassan").get_by_role("radio", name="Absent", exact=True).tap()
    page.get_by_role("button", name=SAVE).tap()
    expect(page.get_by_role("alert")).to_contain_text("Not saved: there is no connection.")
    page.context.set_offline(False)
    expect(page.get_by_role("status")).to_contain_text("11 present, 1 absent")
    assert _codes(scene) == "APPPPPPPPPPP"


def test_marks_outlive_the_page_and_the_login(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, "/roll/", width=PHONE)
    _open_the_roll(page)
    page.context.clear_cookies(name="sessionid")
    _row(page, "Amina Hassan").get_by_role("radio", name="Absent", exact=True).tap()
    page.get_by_role("button", name=SAVE).tap()
    page.get_by_label("Username or e-mail").fill("bob")
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Log in").tap()
    expect(page.get_by_role("alert")).to_contain_text("These marks were not saved yet.")
    page.get_by_role("button", name=SAVE).tap()
    expect(page.get_by_role("status")).to_contain_text("11 present, 1 absent")
    assert _codes(scene) == "APPPPPPPPPPP"


def test_two_teachers_see_what_the_other_said(visit: Visit, scene: Scene) -> None:
    visit.expect("409")
    page = visit(scene.bob, "/roll/", width=PHONE)
    _open_the_roll(page)
    with scene.inside():
        first, second = people.students_in(scene.campus.section)[:2]
        rolls.take(scene.campus.section, {first: "A", second: "A"}, by=scene.alice)
    _row(page, "Bilal Khan").get_by_role("radio", name="Late").tap()
    page.get_by_role("button", name=SAVE).tap()
    expect(page.get_by_role("alert")).to_contain_text("Nothing of yours is lost.")
    expect(_row(page, "Amina Hassan")).to_contain_text("Alice says: Absent. You had left: Present.")
    expect(_row(page, "Bilal Khan")).to_contain_text("Alice says: Absent. You say: Late. Saving keeps yours.")
    axe(page)
    page.get_by_role("button", name=SAVE).tap()
    expect(page.get_by_role("status")).to_contain_text("is saved")
    assert _codes(scene) == "ALPPPPPPPPPP"


def test_a_login_in_another_tab_keeps_the_marks_and_the_page_says_when_its_own_ends(visit: Visit, scene: Scene) -> None:
    visit.expect("403")
    page = visit(scene.bob, f"/roll/section/{scene.campus.section.sourced_id}/{people.SCHOOL_DAY.isoformat()}/")
    page.clock.install()
    page.reload()
    _row(page, "Amina Hassan").get_by_role("radio", name="Absent", exact=True).check()
    other = page.context.new_page()
    other.goto(visit.address("/roll/"))
    other.get_by_role("button", name="Log out").click()
    other.get_by_label("Username or e-mail").fill("bob")
    other.get_by_label("Password").fill(people.PASSWORD)
    other.get_by_role("button", name="Log in").click()
    expect(other.get_by_role("heading", name="My classes")).to_be_visible()
    page.get_by_role("button", name=SAVE).click()
    expect(page.get_by_role("alert")).to_contain_text("These marks were not saved yet.")
    page.clock.fast_forward("25:00")
    expect(page.get_by_text("You will be logged out in two minutes.")).to_be_visible()
    page.get_by_role("button", name="Stay logged in").click()
    expect(page.get_by_text("You will be logged out in two minutes.")).to_be_hidden()
    page.get_by_role("button", name=SAVE).click()
    expect(page.get_by_role("status")).to_contain_text("11 present, 1 absent.")
    assert _codes(scene) == "APPPPPPPPPPP"
