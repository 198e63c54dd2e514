"""A gradebook in a browser: begun, set and marked by keyboard, published and re-opened; on a desk and on a phone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from apps.examinations import services
from apps.examinations.models import AssessmentMark, Gradebook
from schoolops import clock
from tests.browser.axe import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.keys import every_click_has_a_key
from tests.factories import exams, people

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene


def _type(page: Page, field: str, said: str) -> None:
    """Write into a field that the keyboard has reached."""
    page.locator(f"#{field}").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(said)


def test_a_gradebook_is_set_and_marked_by_keyboard_and_reopened_once_it_is_published(
    visit: Visit, scene: Scene
) -> None:
    with scene.inside():
        exams.a_course(scene.campus)
    page = visit(scene.bob, "/office/gradebooks/")
    page.locator("#id_term").select_option(index=1)
    page.locator("#id_group").select_option(label="Grade 7 B")
    page.locator("#id_course").select_option(label="Mathematics")
    page.locator("#id_course").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#id_category-0-name")).to_be_visible()
    axe(page, within=".office")
    _type(page, "id_category-0-name", "Homework")
    for number, name in enumerate(("One", "Two")):
        _type(page, f"id_assessment-{number}-name", name)
        _type(page, f"id_assessment-{number}-category", "Homework")
    page.keyboard.press("Enter")
    expect(page.get_by_text("What is assessed in ")).to_be_visible()
    expect(page.locator("input.mark").first).to_be_focused()
    # Down the first column; Tab goes to the second.
    for key in ("7", ",", "5", "Enter", "a", "Enter", "1", "0", "Tab", "9"):
        page.keyboard.press(key)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("4 marks of ")).to_be_visible()
    axe(page, within=".office")
    with scene.inside():
        assert AssessmentMark.objects.filter(status="entered").count() == 3
        address = f"/office/gradebooks/{Gradebook.objects.get().sourced_id}/"

    head = visit(scene.alice, address)
    head.get_by_role("button", name="Publish to families").click()
    expect(head.get_by_text("Families read ").first).to_be_visible()
    assert head.locator("input.mark").count() == 0
    axe(head, within=".office")
    head.get_by_label("Reason").fill("A page was missed")
    head.keyboard.press("Enter")
    expect(head.get_by_text(" are open for 24 hours.")).to_be_visible()
    page.reload()
    page.keyboard.press("8")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("1 mark of ")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("7.5")
    axe(page, within=".office")


@pytest.mark.parametrize("language", ["en-GB", "ar"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_of_gradebooks_and_the_way_to_the_transcript_fit_and_are_accessible(
    visit: Visit, scene: Scene, width: dict[str, int], language: str
) -> None:
    with scene.inside():
        campus, by = scene.campus, scene.alice
        book = services.open_gradebook(
            term=campus.terms[0], section=campus.section, course=exams.a_course(campus), by=by
        )
        names = ("Algebra", "Geometry", "Poster", "Essay", "Quiz")
        services.set_gradebook(
            gradebook=book.sourced_id, categories=[services.CategorySaid(name="Homework", drop_lowest=1)],
            assessments=[
                services.AssessmentSaid(name=each, category="Homework", max_marks=Decimal(10), extra=each == "Poster")
                for each in names
            ],
            expected_version=None, by=by,
        )  # fmt: skip
        child = people.students_in(campus.section)[0]
        cells = [
            services.Typed(child.sourced_id, each.sourced_id, "10") for each in book.assessments.order_by("position")
        ]
        services.enter_assessments(gradebook=book.sourced_id, typed=cells, seen_version=0, by=by)
    page = visit(by, "/office/gradebooks/", width=width, language=language)
    address = f"/office/gradebooks/{book.sourced_id}/"
    for shown in ("/office/gradebooks/", address, f"{address}assessed/", f"{address}history/"):
        page.goto(visit.address(shown))
        axe(page, within=".office")
        every_click_has_a_key(page)
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{shown} is {wide} px wider than the page"
    with scene.inside():
        services.publish_gradebook(gradebook=book.sourced_id, published_at=clock.now(), expected_version=None, by=by)
    page.goto(visit.address(address))
    axe(page, within=".office")
    page.goto(visit.address(f"/office/student/{child.sourced_id}/"))
    expect(page.locator(f"a[href$='transcripts/{child.sourced_id}.pdf']")).to_be_visible()
