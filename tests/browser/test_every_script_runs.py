"""Each script of the office and the rolls does in a browser what it is there for; the table says in which test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from config.env import BASE_DIR

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

TESTS = BASE_DIR / "tests" / "browser"
RUN_BY = {
    "attendance/grid.js": "test_the_day_in_the_office::test_two_people_at_one_roll_see_what_the_other_did",
    "attendance/roll.js": "test_a_teacher_marks_the_roll::test_my_classes_tap_mark_saved",
    "door/redeem.js": "test_a_guardian_looks_on_a_phone::test_who_chooses_a_language_keeps_the_link",
    "examinations/marks.js": "test_exams_in_the_office::test_a_session_is_set_up_marked_and_published",
    "fees/receipt.js": "test_fees_in_the_office::test_money_is_taken_and_its_receipt_printed_by_keyboard_alone",
    "shell/again.js": "test_a_secretary_imports_a_roster::test_a_bundle_through_the_difference_page",
    "shell/drafts.js": "test_every_script_runs::test_what_is_typed_is_kept_and_brought_back",
    "shell/ends.js": "test_every_script_runs::test_a_login_that_ends_soon_is_prolonged",
    "shell/focus.js": "test_every_script_runs::test_the_field_to_type_in_has_the_focus",
    "shell/keys.js": "test_every_script_runs::test_what_the_theme_opens_by_a_click_is_named_and_opens_by_a_key",
    "shell/theme.js": "test_every_script_runs::test_who_chose_dark_logs_in_in_the_dark",
    "shell/today.js": "test_every_script_runs::test_a_button_takes_the_schools_day",
}


def test_every_script_is_run_by_a_test_that_is_there() -> None:
    there = {path.as_posix().rpartition("/static/office/")[2] for path in BASE_DIR.glob("apps/**/static/**/*.js")}
    assert there == set(RUN_BY)
    for file, _, name in (each.partition("::") for each in RUN_BY.values()):
        assert f"def {name}" in (TESTS / f"{file}.py").read_text(), (file, name)


def test_a_button_takes_the_schools_day(visit: Visit, scene: Scene) -> None:
    page = visit(scene.erin, "/office/absences/")
    page.locator("#id_first").fill("2026-10-01")
    page.locator("#id_first + button").click()
    expect(page.locator("#id_first")).to_have_value("2026-11-04")


def test_what_is_typed_is_kept_and_brought_back(visit: Visit, scene: Scene) -> None:
    page = visit(scene.dave, "/office/student/admit/")
    with page.expect_response(lambda answer: answer.request.headers.get("x-draft") == "keep"):
        page.get_by_label("Given name", exact=True).fill("Zoë")
    page.goto(visit.address("/office/student/admit/"))
    expect(page.get_by_label("Given name", exact=True)).to_have_value("")
    page.get_by_role("link", name="Bring it back").click()
    expect(page.get_by_label("Given name", exact=True)).to_have_value("Zoë")


def test_a_login_that_ends_soon_is_prolonged(visit: Visit, scene: Scene) -> None:
    page = visit(scene.dave, "/office/")
    page.clock.install()
    page.goto(visit.address("/office/absences/"))
    note = page.locator("#login-ends")
    expect(note).to_be_hidden()
    page.clock.fast_forward(1_000 * int(note.get_attribute("data-after") or 0) + 1_000)
    expect(note).to_be_visible()
    note.get_by_role("button").click()
    expect(note).to_be_hidden()


def test_the_field_to_type_in_has_the_focus(visit: Visit, scene: Scene) -> None:
    page = visit(scene.dave, "/office/desk/")
    expect(page.locator("[autofocus]").first).to_be_focused()


def test_what_the_theme_opens_by_a_click_is_named_and_opens_by_a_key(visit: Visit, scene: Scene) -> None:
    page = visit(scene.erin, "/office/staff/substitution/add/")
    expect(page.get_by_role("combobox", name="Member of staff")).to_be_visible()
    page.get_by_role("button", name="Member of staff").press("Enter")
    expect(page.get_by_role("link", name="Add another")).to_be_visible()


def test_who_chose_dark_logs_in_in_the_dark(visit: Visit, scene: Scene) -> None:
    page = visit(None, "/office/login/")
    expect(page.locator("html")).not_to_have_class(re.compile("dark"))
    page.evaluate("() => localStorage.setItem('adminTheme', JSON.stringify('dark'))")
    page.reload()
    expect(page.locator("html")).to_have_class(re.compile("dark"))
