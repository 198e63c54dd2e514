"""Marks of an exam on a phone; report cards looked at, published and printed, in English and from the right."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from apps.examinations.models import Exam, ExamSession, Mark
from apps.reports.models import ReportCard
from tests.browser.axe import axe
from tests.browser.conftest import PHONE
from tests.factories import cards, exams, people
from tests.factories.people import SCHOOL_DAY

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

YESTERDAY = SCHOOL_DAY - dt.timedelta(days=1)


@pytest.fixture
def paper(scene: Scene) -> Exam:
    """7 B's in mathematics, of 80 marks, sat yesterday; its session is being marked."""
    with scene.inside():
        session = exams.an_exam_session(scene.campus, by=scene.alice)
        course = exams.a_course(scene.campus)
        made = exams.a_paper(session, scene.campus.section, course, by=scene.alice, day=YESTERDAY)
        ExamSession.objects.filter(pk=session.pk).update(state="marking")
        return made


def test_a_teacher_enters_marks_on_a_phone(visit: Visit, scene: Scene, paper: Exam) -> None:
    page = visit(scene.bob, "/roll/", width=PHONE)
    page.get_by_role("link", name="Still to mark").tap()
    page.get_by_role("link", name="Mathematics").tap()
    marks = page.locator("input.mark")
    expect(marks).to_have_count(12)
    axe(page, within=".day")
    for number, typed in ((0, "61,5"), (1, "a"), (11, "\u0667\u066b\u0665")):
        marks.nth(number).tap()
        marks.nth(number).fill(typed)
    # A thumb reaches the button wherever the page stands.
    expect(page.get_by_role("button", name="Save marks")).to_be_in_viewport()
    page.get_by_role("button", name="Save marks").tap()
    expect(page.get_by_text("3 marks of ")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    with scene.inside():
        said = Mark.objects.filter(exam=paper).exclude(status="not-entered").order_by("pk")
        assert sorted((each.status, str(each.score)) for each in said) == [
            ("absent", "None"), ("entered", "61.50"), ("entered", "7.50"),
        ]  # fmt: skip


def _printed(page: Page, address: str) -> str:
    """The text of a PDF that the browser of ``page`` is given."""
    content = bytes(
        page.evaluate("async from => [...new Uint8Array(await (await fetch(from)).arrayBuffer())]", address)
    )
    return "\n".join(each.extract_text() for each in PdfReader(io.BytesIO(content)).pages)


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize(("language", "titles"), [("English", 12), ("العربيّة", 0)])
def test_cards_are_looked_at_published_and_printed(
    visit: Visit, scene: Scene, paper: Exam, work_off: Callable[[], int], language: str, titles: int
) -> None:
    with scene.inside():
        child = people.students_in(scene.campus.section)[0]
        exams.enter(paper, {child: "61.5"}, by=scene.alice)
        session = cards.computed(paper.session, by=scene.alice, published_at=exams.LONG_BEFORE)
    page = visit(scene.alice, "/office/exams/cards/layout/")
    page.get_by_label("Language").select_option(label=language)
    _press(page, "Save")
    page.goto(visit.address(f"/office/exams/{session.sourced_id}/cards/"))
    _press(page, "Draft")
    expect(page.get_by_text("Draft: 12")).to_be_visible()
    page.get_by_text("Card by card").click()
    draft = page.get_by_role("link", name=child.full_name).get_attribute("href") or ""
    # Looked at before anybody publishes it.
    assert "61.5 / 80" in _printed(page, draft)
    _press(page, "All are proof-read")
    expect(page.get_by_text("Proof-read: 12")).to_be_visible()
    axe(page, within=".day")
    _press(page, "Publish")
    work_off()
    page.reload()
    expect(page.get_by_text("Published: 12")).to_be_visible()
    whole = page.get_by_role("link", name="One PDF for the printer").get_attribute("href") or ""
    content = _printed(page, whole)
    with scene.inside():
        codes = list(ReportCard.objects.values_list("code", flat=True))
    assert content.count("Report card") == titles
    assert "61.5 / 80" in content
    assert all(code[:4] in content for code in codes)
    # And whoever holds one asks whether it is genuine.
    stranger = visit(None, f"/verify/{codes[0]}/")
    expect(stranger.get_by_text("version 1")).to_be_visible()
