"""What the other tests here lean on: a page that is not accessible, or in trouble, is found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.axe import axe
from tests.browser.conftest import PHONE

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene


def test_a_browser_reaches_the_school_that_is_served(visit: Visit, scene: Scene) -> None:
    page = visit(scene.bob, "/health/ready", width=PHONE)
    expect(page.locator("body")).to_contain_text("ok")


def test_a_field_without_a_label_is_found(visit: Visit) -> None:
    page = visit(None, "/health")
    page.set_content("<html lang=en><title>Form</title><main><h1>Form</h1><input name=a></main>")
    with pytest.raises(AssertionError, match=r"label \(critical\)"):
        axe(page)


def test_an_error_in_the_console_and_an_exception_in_a_script_are_trouble(visit: Visit) -> None:
    page = visit(None, "/health")
    with page.expect_event("console"):
        page.evaluate("() => console.error('lost the marks')")
    with page.expect_event("pageerror"):
        page.evaluate("() => { setTimeout(() => { throw new Error('thrown later'); }, 0) }")
    assert len(visit.unexpected()) == 2
    visit.expect("lost the marks|thrown later")
