"""What is typed into a long form comes back when it is opened anew, and never what another open tab is typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, Request, expect

from schoolops.context import inside

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.scenes import Scene

ADMIT = "/office/student/admit/"


def _is(what: str, request: Request) -> bool:
    return request.headers.get("x-draft") == what


def _type(page: Page, name: str) -> None:
    """Type until it is kept."""
    with page.expect_response(lambda answer: _is("keep", answer.request)):
        page.locator("[name=given_name]").fill(name)


def _opened(page: Page, address: str) -> Page:
    """Another tab of the same browser, once it has asked what is kept."""
    tab = page.context.new_page()
    with tab.expect_response(lambda answer: _is("ask", answer.request)):
        tab.goto(address)
    return tab


def test_each_tab_has_its_own_and_what_was_left_is_offered(visit: Visit, scene: Scene) -> None:
    from tests.browser.scenes import session_of

    first = visit(scene.dave, ADMIT)
    address = visit.address(ADMIT)
    _type(first, "Zoë")
    second = _opened(first, address)
    expect(second.locator(".office-draft")).to_have_count(0)
    _type(second, "Yan")
    first.close()
    third = _opened(second, address)
    expect(third.locator(".office-draft")).to_have_count(1)
    third.get_by_role("link", name="Bring it back").click()
    expect(third.locator("[name=given_name]")).to_have_value("Zoë")
    # The same tab after another login, and its page anew: its own comes first.
    second.context.clear_cookies()
    with inside(scene.school):
        key = session_of(scene.dave)
    second.context.add_cookies([{"name": "sessionid", "value": key, "url": visit.address("/")}])
    with second.expect_response(lambda answer: _is("ask", answer.request)):
        second.goto(address)
    second.locator(".office-draft").first.get_by_role("link", name="Bring it back").click()
    expect(second.locator("[name=given_name]")).to_have_value("Yan")
