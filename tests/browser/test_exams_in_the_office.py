"""Exams in a browser: a session set up, marks by keyboard with a pasted column and a conflict, publication."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from apps.examinations import services
from apps.examinations.models import Exam, ExamSession, Mark
from tests.browser.axe import axe
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.keys import every_click_has_a_key
from tests.factories import exams, people
from tests.factories.people import SCHOOL_DAY

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

YESTERDAY = SCHOOL_DAY - dt.timedelta(days=1)
PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const pasted = { clipboardData: data, bubbles: true, cancelable: true };
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", pasted));
}"""


def _cells(page: Page) -> list[str]:
    cells: list[str] = page.locator("input.mark").evaluate_all("all => all.map(each => each.value)")
    return cells


def _marking(scene: Scene) -> Exam:
    with scene.inside():
        session = exams.an_exam_session(scene.campus, by=scene.alice)
        paper = exams.a_paper(
            session, scene.campus.section, exams.a_course(scene.campus), by=scene.alice, day=YESTERDAY
        )
        ExamSession.objects.filter(pk=session.pk).update(state="marking")
        return paper


def test_a_session_is_set_up_marked_and_published(visit: Visit, scene: Scene) -> None:
    with scene.inside():
        exams.a_course(scene.campus)
    head = visit(scene.alice, "/office/examinations/examsession/add/")
    head.locator("#id_term").select_option(index=1)
    head.locator("#id_name").fill("Mid-terms")
    head.locator("#id_kind").select_option("mid-term")
    head.locator("#id_weight").fill("1")
    head.get_by_role("button", name="Save", exact=True).click()
    head.goto(visit.address("/office/exams/"))
    axe(head, within=".day")
    head.get_by_role("link", name="Set papers").click()
    axe(head, within=".day")
    head.get_by_label("Course").select_option(label="Mathematics")
    head.get_by_label("Who sits it").select_option(label="Grade 7 B")
    head.get_by_label("Day").fill(YESTERDAY.isoformat())
    head.get_by_label("Begins at").fill("09:00")
    head.get_by_label("Ends at").fill("10:30")
    head.get_by_label("Grading scale").select_option(index=1)
    head.get_by_role("button", name="Set these papers").click()
    expect(head.get_by_text("1 paper of ")).to_be_visible()
    axe(head, within=".day")
    for state in ("Scheduled", "Held", "Marking"):
        head.get_by_role("link", name="Move on").click()
        head.get_by_label(state, exact=True).check()
        head.get_by_role("button", name="Move on").click()
        head.goto(visit.address("/office/exams/"))

    page = visit(scene.bob, "/office/exams/")
    page.get_by_role("link", name="Marks of Mathematics").click()
    expect(page.locator("input.mark").first).to_be_focused()
    axe(page, within=".day")
    # One typed, one absent, the rest of a spreadsheet's column.
    for key in ("7", "Comma", "5", "Enter", "a", "ArrowDown"):
        page.keyboard.press("," if key == "Comma" else key)
    page.evaluate(PASTE, "\n".join(str(number) for number in range(30, 45)))
    expect(page.locator("#said")).to_have_text("Pasted: 10. 5 did not fit below.")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("12 marks of ")).to_be_visible()
    assert _cells(page)[:3] == ["7.5", "A", "30"]
    with scene.inside():
        assert Mark.objects.filter(status="entered").count() == 11

    head.get_by_role("link", name="Publish").click()
    head.locator("#id_results_published_at").fill("2026-11-06T08:00")
    head.get_by_role("button", name="Publish").click()
    expect(head.get_by_text("What families see of ")).to_be_visible()
    head.goto(visit.address("/office/exams/"))
    expect(head.get_by_text("from Friday, 6 November 2026, 08:00")).to_be_visible()


def test_what_two_people_changed_is_shown_and_nothing_typed_is_lost(visit: Visit, scene: Scene) -> None:
    visit.expect("409")
    paper = _marking(scene)
    page = visit(scene.bob, f"/office/exams/papers/{paper.sourced_id}/marks/")
    with scene.inside():
        one, two = people.students_in(scene.campus.section)[:2]
        exams.enter(paper, {one: "10", two: "20"}, by=scene.alice)
    for key in ("1", "1", "ArrowDown", "ArrowDown", "3", "0"):
        page.keyboard.press(key)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saving again keeps yours.")).to_be_visible()
    axe(page, within=".day")
    assert _cells(page)[:3] == ["11", "20", "30"]
    # Whoever is logged out while typing finds it again.
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Control+s")
    page.locator("input[name=login]").fill("bob")
    page.locator("input[name=password]").fill(people.PASSWORD)
    page.locator("#login-form button[type=submit]").click()
    expect(page.get_by_text("What you had typed before stands here again.")).to_be_visible()
    assert _cells(page)[:3] == ["11", "20", "30"]
    page.keyboard.press("Control+s")
    expect(page.get_by_text("2 marks of ")).to_be_visible()
    with scene.inside():
        assert sorted(Mark.objects.filter(status="entered").values_list("score", flat=True)) == [11, 20, 30]


@pytest.mark.parametrize(("width", "language"), [(DESKTOP, "ar"), (PHONE, "en-GB")], ids=["desktop", "phone"])
def test_pages_of_exams_fit_and_are_accessible(
    visit: Visit, scene: Scene, width: dict[str, int], language: str
) -> None:
    paper = _marking(scene)
    with scene.inside():
        scores = dict(zip(people.students_in(scene.campus.section), ["80", "61.5", "40", "absent"], strict=False))
        exams.enter(paper, scores, by=scene.alice)
        services.ask_for_results(session=paper.session.sourced_id, by=scene.alice)
        services.compute_results(paper.session_id)
    page = visit(scene.alice, "/office/exams/", width=width, language=language)
    session = f"/office/exams/{paper.session.sourced_id}/"
    scale = f"/office/examinations/gradingscale/{paper.scale_id}/act/version/"
    shown = {
        "timetable": session, "results": f"{session}results/", "papers": f"{session}papers/", "scale": scale,
        "publish": f"/office/examinations/examsession/{paper.session_id}/act/publish/",
        "cards": f"{session}cards/", "layout": "/office/exams/cards/layout/",
        "marks": f"/office/exams/papers/{paper.sourced_id}/marks/",
    }  # fmt: skip
    for address in shown.values():
        page.goto(visit.address(address))
        axe(page, within=".office")
        every_click_has_a_key(page)
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is {wide} px wider than the page"
